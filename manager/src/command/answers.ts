import { CommandState } from '@pier/shared/api';
import type { Answered } from '../device/index.ts';
import type { Db } from '../db/index.ts';
import { isEnd, mayAdvance } from './rules.ts';
import { type Advance, type CommandRow, lockCommands, storeAdvances } from './store.ts';

/**
 * Moves commands by what their devices answer. A command answers to the device that it was sent to alone; those of people, and
 * those that nobody sent, are passed over. Out: the devices of which a command has moved.
 */
export async function takeAnswers(tx: Db, answers: readonly Answered[]): Promise<readonly string[]> {
  const said = Map.groupBy(answers, ({ value }) => value.id);
  const rows = await lockCommands(tx, [...said.keys()]);
  const moved = rows.flatMap((row) => {
    const advance = advanceOf(row, said);
    return advance ? [{ device: row.deviceId, advance }] : [];
  });
  await storeAdvances(tx, moved.map(({ advance }) => advance));
  return [...new Set(moved.map(({ device }) => device))];
}

function advanceOf({ id, deviceId, state }: CommandRow, said: ReadonlyMap<string, readonly Answered[]>): Advance | undefined {
  let at = CommandState.parse(state);
  let advance: Advance | undefined;
  for (const { device, value, atMs } of said.get(id) ?? []) {
    if (device !== deviceId || !mayAdvance(at, value.state)) continue;
    at = value.state;
    advance = { id, state: at, code: value.error?.code ?? null, reason: value.error?.reason ?? null, endedMs: isEnd(at) ? atMs : null };
  }
  return advance;
}
