/** What is typed to start an agent, on a real board or beside a simulated one. */
export function commandsFor(kind: 'board' | 'simulated', { manager, token }: { manager: string; token: string }): { readonly text: string; readonly says: string }[] {
  const start = `./pier agent start --data ./agent --manager ${manager} --token ${token}`;
  if (kind === 'board') return [{ text: start, says: 'On the board' }];
  return [
    { text: `echo '{"model":"raspberry-pi-4b","parts":[{"part":"led","name":"led","line":"GPIO17"}]}' > board.json`, says: 'A board with a lamp, described in a file' },
    { text: './pier sim board board.json --dir ./board', says: 'The board itself, in a terminal of its own' },
    { text: `${start} --board sim:./board`, says: 'Its agent, in another' },
  ];
}
