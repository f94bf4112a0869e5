/** The built examples on a WASI of somebody else (Node's), with pins and a clock that the test turns by hand. */
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';
import { expect, test } from 'vitest';
import { buildApp } from './build.ts';

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

type Guest = { readonly memory: () => DataView };
type Host = Readonly<Record<string, (...args: number[]) => number>>;

/** Runs a guest until it returns; gives what it printed, and the pages that it used. */
async function run(wasm: Uint8Array, hosts: (guest: Guest) => { readonly pier_gpio?: Host; readonly pier_app: Host; readonly wasi?: Host }, preopens: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-guest-'));
  const out = join(dir, 'out');
  const fd = openSync(out, 'w');
  try {
    const wasi = new WASI({ version: 'preview1', preopens, stdout: fd, stderr: fd, returnOnExit: true });
    let memory = new DataView(new ArrayBuffer(0));
    const { wasi: overrides, ...modules } = hosts({ memory: () => memory });
    const base: object = wasi.wasiImport;
    const instance = await WebAssembly.instantiate(await WebAssembly.compile(Buffer.from(wasm)), { ...modules, wasi_snapshot_preview1: { ...base, ...overrides } });
    const exported = instance.exports['memory'];
    if (!(exported instanceof WebAssembly.Memory)) throw new Error('the guest exports no memory');
    memory = new DataView(exported.buffer);
    let status: number | undefined;
    let trapped: string | undefined;
    try {
      status = wasi.start(instance);
    } catch (error) {
      trapped = String(error);
    }
    return { status, trapped, printed: readFileSync(out, 'utf8'), pages: exported.buffer.byteLength / 65_536 };
  } finally {
    closeSync(fd);
    rmSync(dir, { recursive: true, force: true });
  }
}

const ready = { ready: () => 0, beat: () => 0, failing: () => 0, last_error: () => 0 };

test('journal counts its starts in the folder that it was given', async () => {
  const { wasm } = await buildApp({ dir: example('journal') });
  const data = mkdtempSync(join(tmpdir(), 'pier-data-'));
  try {
    const folder = join(data, 'data');
    mkdirSync(folder);
    for (const starts of [1, 2, 3]) {
      expect(await run(wasm, () => ({ pier_app: { ...ready, stop_requested: () => 1 } }), { '/other': data, '/data': folder })).toMatchObject({ status: 0, printed: `starts=${starts}\n` });
    }
    expect(readFileSync(join(folder, 'journal.txt'), 'utf8')).toBe('start\n'.repeat(3));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

test('a guest that fails says why and where on stderr, and traps', async () => {
  const { wasm } = await buildApp({ dir: example('journal') });
  const ended = await run(wasm, () => ({ pier_app: { ...ready, stop_requested: () => 1 } }));
  expect(ended).toMatchObject({ status: undefined, trapped: expect.stringContaining('unreachable') });
  expect(ended.printed).toMatch(/^abort: cannot open \/data\/journal.txt: no granted folder holds it in ~lib\/pier\/file\.ts:\d+:\d+\n$/);
});

test('blink blinks slowly, answers a press by blinking fast for two seconds, and does not grow', async () => {
  const { wasm } = await buildApp({ dir: example('blink') });
  let nowMs = 0;
  let presses = 0;
  const toggledMs: number[] = [];
  const opened: string[] = [];
  const turns = 60_000;
  const ended = await run(wasm, ({ memory }) => ({
    pier_app: { ...ready, stop_requested: () => (nowMs >= turns * 10 ? 1 : 0) },
    pier_gpio: {
      open: (at = 0, length = 0, mode = 0) => opened.push(`${Buffer.from(memory().buffer, at, length).toString()} ${mode}`),
      toggle: () => toggledMs.push(nowMs) % 2,
      watch: () => 0,
      events: (_handle = 0, at = 0) => {
        // Down at five seconds, up again a little later; then pressed each turn in the last minute.
        const edge = nowMs === 5_000 || nowMs === 5_100 || nowMs > turns * 10 - 60_000;
        if (!edge) return 0;
        presses += 1;
        memory().setBigUint64(at, BigInt(nowMs) * 1_000_000n, true);
        memory().setUint32(at + 8, presses, true);
        memory().setUint32(at + 12, 0, true);
        memory().setUint16(at + 18, presses % 2, true);
        return 1;
      },
    },
    wasi: {
      clock_time_get: (_id, _precision, at = 0) => {
        memory().setBigUint64(at, BigInt(nowMs) * 1_000_000n, true);
        return 0;
      },
      poll_oneoff: () => {
        nowMs += 10;
        return 0;
      },
    },
  }));
  expect(opened).toEqual(['led 1', 'button 0']);
  expect(ended.status).toBe(0);
  expect(ended.printed.split('\n').slice(0, 2)).toEqual(['button pressed seq=1', 'button pressed seq=3']);
  const perSecond = (fromMs: number, toMs: number): number => (toggledMs.filter((ms) => ms > fromMs && ms <= toMs).length * 1_000) / (toMs - fromMs);
  expect([perSecond(0, 5_000), perSecond(5_000, 7_000), perSecond(8_000, 60_000)].map(Math.round)).toEqual([4, 20, 4]);
  expect(ended.pages).toBeLessThanOrEqual(4);
});
