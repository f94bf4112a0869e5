/**
 * A word as a shell takes it. The attack: names of chips and ports are a board's own word, tags and selectors anybody's; a command
 * that people copy must not do what such a name says.
 */
export function shellWord(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
