import { Fault } from '@pier/shared/core';
import { existingDevice } from '../device/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import { type CommandDeps, sendCommand } from './send.ts';
import { commandsBefore, showCommand } from './store.ts';

/** What a person tells an app of a device through the manager, and what came of it. */
export function commandHandlers(deps: CommandDeps): Pick<Handlers, 'commandApp' | 'listCommands'> {
  const { db } = deps;
  return {
    commandApp: async (request) => sendCommand(deps, request),
    listCommands: async ({ params: { device }, query: { limit, cursor } }) => {
      await existingDevice(db, device);
      const rows = await commandsBefore(db, { device, beforeMs: sentBefore(cursor), limit: limit + 1 });
      // No two commands of a device have the same time: it is their number.
      return pageOf({ rows, limit, keyOf: (row) => String(row.sentAt.getTime()), show: showCommand });
    },
  };
}

/** Milliseconds up to the year 5138: what is longer is a time that the database does not read. */
function sentBefore(cursor: string | undefined): number | undefined {
  const before = keyAfter(cursor);
  if (before !== undefined && !/^\d{1,14}$/.test(before)) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page of commands');
  return before === undefined ? undefined : Number(before);
}
