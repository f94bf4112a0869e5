import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';
import { type NodeChild, spawnNode } from '@pier/shared/process';

const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const mirror = fileURLToPath(new URL('./mirror.ts', import.meta.url));

export type ManagerReady = {
  readonly http: string;
  readonly device: string;
  readonly mqtt: string;
  readonly registry: string;
  readonly registryCredentials: { readonly user: string; readonly password: string };
  readonly ca: string;
  readonly openapi: string;
  readonly admin: { readonly user: string; readonly password: string; readonly token: string };
};

export const boardModels = ['raspberry-pi-3b', 'raspberry-pi-4b', 'raspberry-pi-5', 'raspberry-pi-zero-2-w'] as const;
export type BoardModel = (typeof boardModels)[number];

export type StartedBoard = { readonly dir: string; readonly record: string; readonly process: NodeChild };

/** The processes of a demo or a flow test: each is what a person would start, each ends with this one. */
export type Stage = {
  readonly dir: string;
  startManager(extra?: readonly string[], env?: NodeJS.ProcessEnv): Promise<{ ready: ManagerReady; process: NodeChild }>;
  /** A board with an LED on GPIO17, a button on GPIO27 and an energy meter on its serial port `meter`. */
  startBoard(how?: { name?: string; model?: BoardModel; onRelease?: 'input' | 'keep' }): Promise<StartedBoard>;
  /** Started again, it is where it was. */
  startMirror(upstream: ManagerReady): Promise<{ url: string; process: NodeChild }>;
  /** So many devices without boards, in one process. */
  startFleet(how: { boards: number; manager: string; token: string; behave?: readonly string[] }): Promise<{ devices: readonly string[]; process: NodeChild }>;
  /** Without a token the device is one that has enrolled before; with a launcher the agent is that of a device bundle. */
  startAgent(how: { manager: string; token?: string; board: string; mirror?: string; name?: string; env?: NodeJS.ProcessEnv; launcher?: string }): Promise<{ device: string; process: NodeChild }>;
} & AsyncDisposable;

const parts = [
  { part: 'led', name: 'led', line: 'GPIO17' },
  { part: 'button', name: 'button', line: 'GPIO27', pressed: 'low' },
  { part: 'modbus-meter', name: 'meter', port: 'meter' },
];

/** `env` is added to what the children inherit. */
export function openStage(dir: string, env: NodeJS.ProcessEnv = {}): Stage {
  const children = new AsyncDisposableStack();
  const logs = join(dir, 'logs');
  mkdirSync(logs, { recursive: true });
  const mirrorAt = { port: 0 };
  const start = async <T>(name: string, args: readonly string[], { own = {}, launcher }: { own?: NodeJS.ProcessEnv; launcher?: string | undefined } = {}): Promise<{ ready: T; process: NodeChild }> => {
    const log = join(logs, `${name}.log`);
    // The file itself, no pipe through us: a child must be able to go on while this process is stopped.
    const logFd = openSync(log, 'a', 0o600);
    const started = children.use(spawnNode(args, { stdio: ['ignore', 'pipe', logFd], env: childEnv({ ...env, ...(launcher && { PIER_NODE: process.execPath }), ...own }), graceMs: 20_000, ...(launcher && { launcher }) }));
    closeSync(logFd);
    return { ready: await readyLine<T>(started, { name, log }), process: started };
  };
  return {
    dir,
    startManager: (extra = [], own = {}) => start<ManagerReady>('manager', [cli, 'manager', 'start', '--data', join(dir, 'manager'), '--simulator', dir, '--print-credentials', '--ready', 'json', ...extra], { own }),
    startBoard: async ({ name = 'board', model = 'raspberry-pi-4b', onRelease = 'input' } = {}) => {
      const file = join(dir, `${name}.json`);
      writeFileSync(file, JSON.stringify({ model, onRelease, parts }));
      const board = join(dir, name);
      const { process } = await start(name, [cli, 'sim', 'board', file, '--dir', board, '--ready', 'json']);
      return { dir: board, record: join(board, 'record.ndjson'), process };
    },
    startMirror: async (upstream) => {
      const file = join(dir, 'mirror.json');
      writeFileSync(file, JSON.stringify({ registry: upstream.registry, ca: upstream.ca, ...upstream.registryCredentials, ...mirrorAt }), { mode: 0o600 });
      const { ready, process } = await start<{ url: string }>('mirror', [mirror, file]);
      mirrorAt.port = Number(new URL(ready.url).port);
      return { url: ready.url, process };
    },
    startFleet: async ({ boards, manager, token, behave = [] }) => {
      const args = [cli, 'sim', 'fleet', '--boards', String(boards), '--dir', join(dir, 'fleet'), '--manager', manager, '--token', token, '--ready', 'json', ...behave.flatMap((one) => ['--behave', one])];
      const { ready, process } = await start<{ devices: string[] }>('fleet', args);
      return { devices: ready.devices, process };
    },
    startAgent: async ({ manager, token, board, mirror: through, name = 'agent', env: own = {}, launcher }) => {
      const args = [...(launcher === undefined ? [cli, 'agent'] : []), 'start', '--data', join(dir, name), '--manager', manager, '--name', name, '--board', `sim:${board}`, '--ready', 'json'];
      const { ready, process } = await start<{ device: string }>(name, [...args, ...(token === undefined ? [] : ['--token', token]), ...(through === undefined ? [] : ['--mirror', through])], { own, launcher });
      return { device: ready.device, process };
    },
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  };
}

/** What children inherit: nothing that names another Pier, another database or another CA. */
export function childEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PIER_|PG|DATABASE_URL|NODE_EXTRA_CA_CERTS|NODE_OPTIONS)/.test(name) || name === 'PIER_LOG');
  return { ...Object.fromEntries(kept), ...extra };
}

async function readyLine<T>(started: NodeChild, { name, log }: { name: string; log: string }): Promise<T> {
  const { stdout } = started.child;
  if (!stdout) throw new Fault('internal', `${name} has no stdout`);
  const lines = createInterface({ input: stdout });
  const first = new Promise<string>((resolve) => lines.once('line', resolve));
  const line = await Promise.race([first, started.exited.then((end) => end)]);
  if (typeof line !== 'string') throw new Fault('internal', `${name} ended with ${line.code ?? line.signal} before it was ready; see ${log}`);
  // Later output has no reader, and must not fill the pipe.
  lines.on('line', () => {});
  return JSON.parse(line) as T;
}
