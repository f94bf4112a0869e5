import type { GuestEnd } from '../runner.ts';
import type { CallRecord } from './imports.ts';
import { GuestExit } from './wasi-basic.ts';

const reasonCharsMax = 300;

/** What an exception out of `_start` means, without paths or stacks of the host. */
export function endOf(thrown: unknown, record: CallRecord): GuestEnd {
  if (thrown instanceof GuestExit) return { kind: 'exited', status: thrown.status };
  if (record.thrown) return { kind: 'trapped', reason: cut(`the host function ${record.thrown.name} failed: ${firstLine(record.thrown.error)}`) };
  return { kind: 'trapped', reason: cut(firstLine(thrown)) };
}

function firstLine(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // The base puts the name and the whole stack of a trap into one message of its own.
  const inner = /JsValue\((?:\w+: )?([^\n]*)/.exec(message)?.[1] ?? message.split('\n')[0] ?? '';
  return inner.replaceAll(/(?:file:\/\/)?\/[\w@.+-]+(?:\/[\w@.+-]+)+(?::\d+)*/g, '…');
}

function cut(text: string): string {
  return text.slice(0, reasonCharsMax);
}
