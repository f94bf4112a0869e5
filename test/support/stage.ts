import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
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

/** The processes of a demo or a flow test: each is what a person would start, each ends with this one. */
export type Stage = {
  readonly dir: string;
  startManager(extra?: readonly string[]): Promise<{ ready: ManagerReady; process: NodeChild }>;
  startBoard(): Promise<{ dir: string; record: string; process: NodeChild }>;
  startMirror(upstream: ManagerReady): Promise<{ url: string; process: NodeChild }>;
  startAgent(how: { manager: string; token: string; board: string; mirror?: string; name?: string }): Promise<{ device: string; process: NodeChild }>;
} & AsyncDisposable;

const boardFile = {
  model: 'raspberry-pi-4b',
  parts: [
    { part: 'led', name: 'led', line: 'GPIO17' },
    { part: 'button', name: 'button', line: 'GPIO27', pressed: 'low' },
  ],
};

export function openStage(dir: string): Stage {
  const children = new AsyncDisposableStack();
  const logs = join(dir, 'logs');
  mkdirSync(logs, { recursive: true });
  const start = async <T>(name: string, args: readonly string[]): Promise<{ ready: T; process: NodeChild }> => {
    const started = children.use(spawnNode(args, { stdio: ['ignore', 'pipe', 'pipe'], env: childEnv(), graceMs: 20_000 }));
    const log = join(logs, `${name}.log`);
    started.child.stderr?.pipe(createWriteStream(log, { flags: 'a' }));
    return { ready: await readyLine<T>(started, { name, log }), process: started };
  };
  return {
    dir,
    startManager: (extra = []) => start<ManagerReady>('manager', [cli, 'manager', 'start', '--data', join(dir, 'manager'), '--print-credentials', '--ready', 'json', ...extra]),
    startBoard: async () => {
      const file = join(dir, 'board.json');
      writeFileSync(file, JSON.stringify(boardFile));
      const board = join(dir, 'board');
      const { process } = await start('board', [cli, 'sim', 'board', file, '--dir', board, '--ready', 'json']);
      return { dir: board, record: join(board, 'record.ndjson'), process };
    },
    startMirror: async (upstream) => {
      const file = join(dir, 'mirror.json');
      writeFileSync(file, JSON.stringify({ registry: upstream.registry, ca: upstream.ca, ...upstream.registryCredentials }), { mode: 0o600 });
      const { ready, process } = await start<{ url: string }>('mirror', [mirror, file]);
      return { url: ready.url, process };
    },
    startAgent: async ({ manager, token, board, mirror: through, name = 'agent' }) => {
      const args = [cli, 'agent', 'start', '--data', join(dir, name), '--manager', manager, '--token', token, '--board', `sim:${board}`, '--ready', 'json'];
      const { ready, process } = await start<{ device: string }>(name, through === undefined ? args : [...args, '--mirror', through]);
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
