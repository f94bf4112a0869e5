import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppName, Fault, type FaultCode, type Log, silentLog, systemClock } from '@pier/shared/core';
import { Asks, Bindings, type GpioGrant, grantOf } from '@pier/shared/capability';
import { type Board, type LineRequest, SimRecord } from '@pier/shared/hardware';
import { startBoard } from '../../testing/site.ts';
import { openSimBoard } from '../hardware/index.ts';
import { makeOutputsSafe, openOutputs, readOutputs, withSafeOutputs } from './index.ts';

let folder: string;
let said: string[];
let log: Log;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-outputs-'));
  said = [];
  const say = (_fields: object, event: string): void => void said.push(event);
  log = { ...silentLog, error: say, warn: say };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [blink, pump] = [AppName.parse('blink'), AppName.parse('pump')];
const at = (line: number) => ({ chip: 'pinctrl-bcm2711', line });
const never = new AbortController().signal;

/** Outputs on these lines, each with its safe state. */
function grants(lines: Readonly<Record<number, 'low' | 'high' | 'input' | 'keep'>>): readonly GpioGrant[] {
  const entries = Object.entries(lines);
  const asks = Asks.parse({ gpio: [...entries.map(([line]) => ({ label: `out${line}`, mode: 'out', safe: 'inactive' })), { label: 'button', mode: 'in' }] });
  const bindings = Bindings.parse({ button: { kind: 'gpio', ...at(27) }, ...Object.fromEntries(entries.map(([line, safe]) => [`out${line}`, { kind: 'gpio', ...at(Number(line)), safe }])) });
  const granted = grantOf({ asks, bindings, allowed: ['gpio'] });
  if (!granted.ok) throw new Error(granted.refusal.reason);
  return granted.value.gpio;
}

describe('what is noted', () => {
  test('outputs with a level to give are on disk when they are held; inputs and what is kept as it is are not', async () => {
    await openOutputs({ folder, log }).hold(blink, grants({ 17: 'low', 22: 'high', 23: 'input', 24: 'keep' }));
    expect(readOutputs(folder)).toEqual([17, 22, 23].map((line, index) => ({ at: at(line), safe: ['low', 'high', 'input'][index], app: 'blink', label: `out${line}` })));
    expect(readdirSync(folder)).toEqual(['outputs.json']);
  });

  test('a line that another app has by now is not forgotten with the one before', async () => {
    const outputs = openOutputs({ folder, log });
    await outputs.hold(blink, grants({ 17: 'low', 22: 'low' }));
    await outputs.hold(pump, grants({ 17: 'high' }));
    await outputs.release(blink, [at(17), at(22)]);
    expect(readOutputs(folder)).toEqual([{ at: at(17), safe: 'high', app: 'pump', label: 'out17' }]);
  });

  test('what is noted as it is already is not written again', async () => {
    const outputs = openOutputs({ folder, log });
    await outputs.hold(blink, grants({ 17: 'low' }));
    writeFileSync(join(folder, 'outputs.json'), 'untouched');
    await outputs.hold(blink, grants({ 17: 'low' }));
    expect(readFileSync(join(folder, 'outputs.json'), 'utf8')).toBe('untouched');
  });

  test('a disk that takes nothing stops no app, and is said', async () => {
    const outputs = openOutputs({ folder: join(folder, 'none'), log });
    await outputs.hold(blink, grants({ 17: 'low' }));
    expect(said).toEqual(['outputs.not-noted']);
  });

  test('what the disk did not take is written when it takes it, with whatever changed since, and not again', async () => {
    const place = join(folder, 'late');
    const outputs = openOutputs({ folder: place, log });
    await outputs.hold(blink, grants({ 17: 'low', 22: 'low' }));
    await outputs.release(blink, [at(22)]);
    await outputs.catchUp();
    expect(said).toEqual(['outputs.not-noted']);
    mkdirSync(place);
    await outputs.catchUp();
    expect(readOutputs(place).map((one) => one.at)).toEqual([at(17)]);
    writeFileSync(join(place, 'outputs.json'), 'untouched');
    await outputs.catchUp();
    expect(readFileSync(join(place, 'outputs.json'), 'utf8')).toBe('untouched');
  });

  test('of a damaged file the agent says that it knows nothing, and the hook fails', () => {
    writeFileSync(join(folder, 'outputs.json'), '{"outputs":[{"at":{"chip":"c","line":17},"safe":"of');
    expect(openOutputs({ folder, log }).all()).toEqual([]);
    expect(said).toEqual(['outputs.unknown']);
    expect(() => readOutputs(folder)).toThrow(expect.objectContaining({ code: 'storage-failed' }));
  });
});

describe('made safe', () => {
  let board: Awaited<ReturnType<typeof startBoard>>;
  beforeEach(async () => {
    board = await startBoard(folder, []);
  });
  afterEach(() => board[Symbol.asyncDispose]());

  const open = (): Promise<Board> => openSimBoard({ dir: board.dir, clock: systemClock }, never);
  const rows = (name: string) => readFileSync(board.record, 'utf8').split('\n').slice(0, -1).map((line) => SimRecord.parse(JSON.parse(line))).filter((row) => row.name === name);
  const held = (line: number): LineRequest => ({ at: at(line), direction: 'out', initial: 1, consumer: 'blink' });

  test('each line gets its level and is let go; a line that is still held a moment longer is waited for', async () => {
    const outputs = openOutputs({ folder, log });
    await outputs.hold(blink, grants({ 17: 'low', 22: 'high', 23: 'input' }));
    const dying = await open();
    for (const line of [17, 22, 23]) await dying.openLine(held(line), never);
    await using hook = await open();
    // Twenty times as patient: on a busy machine the board hears late that the other is gone.
    const patient = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() / 20 };
    const making = makeOutputsSafe(hook, { outputs: outputs.all(), clock: patient }, never);
    await systemClock.sleep(100);
    await dying[Symbol.asyncDispose]();
    expect((await making).map(({ name, fault }) => [name, fault])).toEqual([['GPIO17', undefined], ['GPIO22', undefined], ['GPIO23', undefined]]);
    expect(rows('GPIO22').filter((row) => row.consumer === 'blink (safe)').map(({ level, direction, by }) => ({ level, direction, by }))).toContainEqual({ level: 1, direction: 'out', by: 'agent' });
    expect(rows('GPIO17').filter((row) => row.level === 1 && row.consumer === 'blink (safe)')).toEqual([]);
    await using next = await open();
    await next.openLine(held(17), never);
  });

  test('a line in the hands of an agent that lives is left to it', async () => {
    const outputs = openOutputs({ folder, log });
    await outputs.hold(blink, grants({ 17: 'low' }));
    await using living = await open();
    await living.openLine(held(17), never);
    await using hook = await open();
    const [done] = await makeOutputsSafe(hook, { outputs: outputs.all(), clock: systemClock }, never);
    expect(done?.fault).toMatchObject({ code: 'line-busy', message: expect.stringContaining('blink') });
    expect(rows('GPIO17').at(-1)).toMatchObject({ level: 1, consumer: 'blink' });
  });

  test('an agent that starts makes safe what one before it left, and forgets only what it could', async () => {
    await openOutputs({ folder, log }).hold(blink, grants({ 17: 'low', 22: 'low' }));
    await using other = await open();
    await other.openLine({ ...held(22), consumer: 'somebody' }, never);
    const outputs = openOutputs({ folder, log });
    await using mine = await withSafeOutputs(await open(), { outputs, clock: systemClock, log }, never);
    expect(mine.gone.aborted).toBe(false);
    expect(rows('GPIO17').at(-1)).toMatchObject({ level: 0 });
    expect(readOutputs(folder).map((one) => one.at)).toEqual([at(22)]);
    expect(said).toEqual(['output.not-safe']);
  });

  test('where nothing can be driven any more the note is forgotten, and that is said; a board without pins is no proof of it', async () => {
    await openOutputs({ folder, log }).hold(blink, grants({ 17: 'low', 22: 'low', 60: 'low' }));
    const sim = await open();
    const refused: Record<number, FaultCode> = { 17: 'line-reserved', 22: 'hardware-fault', 60: 'line-unknown' };
    const refusing = (profile: Board['profile']): Board => ({ ...sim, profile, openLine: async (request) => { throw new Fault(refused[request.at.line] ?? 'internal', 'no'); } });
    const outputs = openOutputs({ folder, log });
    await withSafeOutputs({ ...refusing({ ...sim.profile, chips: [] }), openLine: async () => { throw new Fault('line-unknown', 'no pins'); } }, { outputs, clock: systemClock, log }, never);
    expect(said.splice(0)).toEqual(['output.not-safe', 'output.not-safe', 'output.not-safe']);
    await using _ = await withSafeOutputs(refusing(sim.profile), { outputs, clock: systemClock, log }, never);
    expect(said).toEqual(['outputs.note-forgotten', 'output.not-safe', 'outputs.note-forgotten']);
    expect(readOutputs(folder).map((one) => one.at)).toEqual([at(22)]);
  });
});
