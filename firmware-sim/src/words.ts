import { parseArgs } from 'node:util';
import { Fault } from '@pier/shared/core';

/** What the command line asks for. */
export type Words =
  | { readonly verb: 'board'; readonly file: string; readonly dir: string; readonly ready: boolean }
  | { readonly verb: 'press'; readonly dir: string; readonly part: string; readonly ms: number }
  | { readonly verb: 'set'; readonly dir: string; readonly line: string; readonly level: 0 | 1 }
  | { readonly verb: 'lines'; readonly dir: string; readonly json: boolean };

export const usage = 'board FILE --dir DIR [--ready json] | press DIR PART [--ms N] | set DIR LINE 0|1 | lines DIR [-o json]';

/** Faults: `input-invalid` with the usage. */
export function readWords(argv: readonly string[]): Words {
  const { values, positionals } = parse(argv);
  const { ready, output } = values;
  if (ready !== undefined && ready !== 'json') throw wrong(`--ready takes json, not "${ready}"`);
  if (output !== undefined && output !== 'json') throw wrong(`-o takes json, not "${output}"`);
  const [verb = '', ...rest] = positionals;
  const words = Object.hasOwn(verbs, verb) ? verbs[verb]?.(rest, values) : undefined;
  if (words === undefined) throw wrong(verb === '' ? 'no verb is given' : `"${positionals.join(' ')}" is not complete, or unknown`);
  return words;
}

type Values = ReturnType<typeof parse>['values'];

/** Each verb takes as many words as it needs, and gives undefined for fewer or more. */
const verbs: Readonly<Record<string, (rest: readonly string[], values: Values) => Words | undefined>> = {
  board: ([file, ...more], { dir, ready }) => (file === undefined || dir === undefined || more.length > 0 ? undefined : { verb: 'board', file, dir, ready: ready === 'json' }),
  press: ([dir, part, ...more], { ms = '100' }) => (dir === undefined || part === undefined || more.length > 0 ? undefined : { verb: 'press', dir, part, ms: wholeMs(ms) }),
  set: ([dir, line, level, ...more]) => (dir === undefined || line === undefined || (level !== '0' && level !== '1') || more.length > 0 ? undefined : { verb: 'set', dir, line, level: level === '1' ? 1 : 0 }),
  lines: ([dir, ...more], { output }) => (dir === undefined || more.length > 0 ? undefined : { verb: 'lines', dir, json: output === 'json' }),
};

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { dir: { type: 'string' }, ready: { type: 'string' }, ms: { type: 'string' }, output: { type: 'string', short: 'o' } },
    });
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function wholeMs(text: string): number {
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 1 || ms > 60_000) throw wrong(`--ms takes 1 to 60000, not "${text}"`);
  return ms;
}

function wrong(why: string, cause?: unknown): Fault {
  return new Fault('input-invalid', `${why}; known are: ${usage}`, {}, cause);
}
