import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppName, type Clock, silentLog, systemClock } from '@pier/shared/core';
import { Asks, Bindings, grantOf } from '@pier/shared/capability';
import { type SmallDisk, noSmallDisk, openSmallDisk } from '../../test/support/small-disk.ts';
import { openOutputs, readOutputs } from './outputs/index.ts';
import { openStore } from './store/index.ts';
import { watchDisk } from './upkeep.ts';

const quick: Clock = { ...systemClock, after: (ms, act) => systemClock.after(ms / 100, act) };
const granted = grantOf({ asks: Asks.parse({ gpio: [{ label: 'motor', mode: 'out', safe: 'inactive' }] }), bindings: Bindings.parse({ motor: { kind: 'gpio', chip: 'gpio', line: 17 } }), allowed: ['gpio'] });

let disk: SmallDisk;
beforeEach((context) => {
  const why = noSmallDisk();
  if (why !== undefined) context.skip(why);
  disk = openSmallDisk(10);
});
afterEach(() => disk[Symbol.dispose]());

test('a full disk is told, and what the stop hook has to know is written when there is room again', async () => {
  if (!granted.ok) throw new Error(granted.refusal.reason);
  using store = await openStore(disk.folder);
  const outputs = openOutputs({ folder: disk.folder, log: silentLog });
  const told: string[] = [];
  disk.fill();
  await outputs.hold(AppName.parse('pump'), granted.value.gpio);
  expect(readOutputs(disk.folder)).toEqual([]);
  using _ = watchDisk({ store, outputs, clock: quick, log: silentLog, tell: { changed: () => {}, event: ({ type }) => void told.push(type) } });
  const until = async (look: () => boolean): Promise<void> => {
    for (let tries = 0; !look() && tries < 1_000; tries += 1) await systemClock.sleep(10);
    expect(look()).toBe(true);
  };
  await until(() => told.length > 0);
  disk.free();
  await until(() => told.length > 1);
  expect(told).toEqual(['disk.full', 'disk.back']);
  expect(readOutputs(disk.folder).map(({ label }) => label)).toEqual(['motor']);
});
