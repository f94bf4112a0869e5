import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppName, silentLog, systemClock } from '@pier/shared/core';
import { Asks, Bindings, type Grant, grantOf } from '@pier/shared/capability';
import { startBoard } from '../../../testing/site.ts';
import { openSimBoard } from '../../hardware/index.ts';
import { openOutputs, readOutputs } from '../../outputs/index.ts';
import { LinePark, openLines } from './index.ts';

let folder: string;
let board: Awaited<ReturnType<typeof startBoard>>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-lines-'));
  board = await startBoard(folder);
});
afterEach(async () => {
  await board[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const app = AppName.parse('pump');
const at = (line: number) => ({ chip: 'pinctrl-bcm2711', line });
const never = new AbortController().signal;

/** Outputs on these lines, all of them safe when low. */
function grantFor(lines: readonly number[]): Grant {
  const asks = Asks.parse({ gpio: lines.map((line) => ({ label: `out${line}`, mode: 'out', safe: 'inactive' })) });
  const bindings = Bindings.parse(Object.fromEntries(lines.map((line) => [`out${line}`, { kind: 'gpio', ...at(line), safe: 'low' }])));
  const granted = grantOf({ asks, bindings, allowed: ['gpio'] });
  if (!granted.ok) throw new Error(granted.refusal.reason);
  return granted.value;
}

test('when lines cannot be opened, what was noted for them is forgotten, but not outputs that were noted before as not safe', async () => {
  const outputs = openOutputs({ folder, log: silentLog });
  await outputs.hold(app, grantFor([17, 23]).gpio);
  await using stranger = await openSimBoard({ dir: board.dir, clock: systemClock }, never);
  await stranger.openLine({ at: at(17), direction: 'in', consumer: 'stranger' }, never);
  await using mine = await openSimBoard({ dir: board.dir, clock: systemClock }, never);
  await using park = new LinePark(outputs);
  await expect(openLines(mine, { app, grant: grantFor([17, 22, 23]), log: silentLog, park }, never)).rejects.toMatchObject({ code: 'line-busy' });
  expect(readOutputs(folder).map((one) => one.at)).toEqual([at(17), at(23)]);
});
