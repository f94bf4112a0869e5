import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';
import { Fault } from '@pier/shared/core';

export type DemoOptions = { readonly once: boolean; readonly reset: boolean; readonly ready: boolean; readonly dir: string };

/** `npm run demo -- [--once] [--reset] [--data DIR] [--ready json]`; a second start goes on with the same fleet, `--reset` and `--once` start anew. Faults: `input-invalid` for anything else. */
export function readOptions(argv: readonly string[], root: string): DemoOptions {
  const { values } = parseOrFault(argv);
  if (values.ready !== undefined && values.ready !== 'json') throw new Fault('input-invalid', `--ready takes json, not "${values.ready}"`);
  const once = values.once ?? false;
  return { once, reset: values.reset ?? false, ready: values.ready === 'json', dir: resolve(values.data ?? join(root, '.pier', once ? 'once' : 'demo')) };
}

function parseOrFault(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: { once: { type: 'boolean' }, reset: { type: 'boolean' }, data: { type: 'string' }, ready: { type: 'string' } } });
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}; known are --once, --reset, --data DIR and --ready json`, {}, cause);
  }
}
