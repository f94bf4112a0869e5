/** The words of a command line, for every subcommand. */
import { parseArgs } from 'node:util';
import { Fault } from '@pier/shared/core';
import { boardChoice } from './hardware/board-choice.ts';

export const usage = `usage: agent start --data DIR --manager URL [--board auto|chardev|sysfs|sim:DIR] [--reserve CHIP:LINE,…] [--token T | --token-file F] [--mirror URL] [--name N] [--ready json]
       agent safe --data DIR [--board …]   drives the outputs of an agent that died to their safe levels
       agent run FILE.wasm [--board …] [--grant FILE] [--env K=V]… [--memory MB] [--timeout S] [-- args…]`;

export type Parsed = { readonly values: ReadonlyMap<string, readonly string[]>; readonly positionals: readonly string[]; readonly rest: readonly string[] };

/** Words before `--` by option, those behind it as they are. Faults: `input-invalid` for an option that is not among these. */
export function parsed(argv: readonly string[], options: Readonly<Record<string, 'string'>>): Parsed {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  try {
    const { values, positionals } = parseArgs({ args: [...own], allowPositionals: true, strict: true, options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string', multiple: true } as const])) });
    return { values: new Map(Object.entries(values).map(([name, value]) => [name, value ?? []])), positionals, rest: end < 0 ? [] : argv.slice(end + 1) };
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}\n${usage}`);
  }
}

/** The whole of it, frozen. Faults: `input-invalid`, listing everything that is wrong with it. */
export function checked<C extends object>(config: C, problems: readonly string[]): Readonly<C> {
  if (problems.length > 0) throw new Fault('input-invalid', `${problems.join('; ')}\n${usage}`);
  return Object.freeze(config);
}

/** Notes that the option is needed; gives what stands in its place until then. */
export function missing(name: string, problems: string[]): string {
  problems.push(`--${name} is needed`);
  return '';
}

/** The choice as it is; notes what is wrong with it. */
export function boardOf(board: string, problems: string[]): string {
  if (!boardChoice.test(board)) problems.push(`--board is auto, chardev, sysfs or sim:DIR, got "${board}"`);
  return board;
}
