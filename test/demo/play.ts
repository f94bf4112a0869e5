/** What the acts of the story share: the stage, the judge, and the handful of commands that every act types. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';
import type { DeviceDetail } from '@pier/shared/api';
import { answerOf, runPier } from '../support/pier.ts';
import type { ManagerReady, Stage } from '../support/stage.ts';
import type { Judge } from './ask-judge.ts';
import type { Player } from './cast.ts';
import type { Steps } from './steps.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Play = {
  readonly stage: Stage;
  readonly steps: Steps;
  readonly manager: ManagerReady;
  readonly judge: Judge;
  readonly env: NodeJS.ProcessEnv;
  readonly dir: string;
  readonly mirror: string;
  readonly fleet: readonly Player[];
};

export type Built = { readonly app: string; readonly dir: string; readonly version: string; readonly counter: number; /** Of the module, which is the artifact's layer. */ readonly layer: string };
export type Pushed = { readonly reference: string; readonly digest: string };
export const led = 'GPIO17';
export const soakS = 1;

export const key = (play: { readonly dir: string }, name: string): string => join(play.dir, 'keys', name);

/** Types a command that has to succeed, and gives its JSON. */
export async function pier<T = unknown>(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<T> {
  return answerOf<T>(await runPier([...args, '-o', 'json'], { env }), `pier ${args.slice(0, 2).join(' ')}`);
}

/** Types a command that has to end with this status; gives what it said. */
export async function pierEnds(play: Play, args: readonly string[], status: number): Promise<string> {
  const ran = await runPier(args, { env: play.env });
  if (ran.status !== status) throw new Fault('internal', `pier ${args.join(' ')} ended with ${ran.status}, not ${status}: ${ran.stderr || ran.stdout}`);
  return (ran.stderr.trim() || ran.stdout.trim()).split('\n').at(-1)?.slice(0, 200) ?? '';
}

type Change = { readonly app?: 'blink' | 'meter'; readonly version: string; readonly edit?: (source: string) => string; readonly asks?: (asks: { gpio: unknown[] }) => void };

/** A copy of an example under another version, changed, built. */
export async function build(play: Play, { app = 'blink', version, edit, asks }: Change): Promise<Built> {
  const dir = join(play.dir, 'work', `${app}-${version}`);
  cpSync(join(root, 'examples', app), dir, { recursive: true, filter: (from) => !from.endsWith('/dist') });
  const file = join(dir, 'pier.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const counter = major * 10_000 + minor * 100 + patch;
  Object.assign(manifest, { version, counter });
  asks?.(manifest.asks);
  writeFileSync(file, JSON.stringify(manifest));
  const source = join(dir, 'assembly', 'index.ts');
  if (edit) writeFileSync(source, edit(readFileSync(source, 'utf8')));
  const { digest } = await pier<{ digest: string }>(play.env, ['app', 'build', dir]);
  return { app, dir, version, counter, layer: digest };
}

export const push = (play: Play, { app, dir }: Built, signer: string): Promise<Pushed> => pier(play.env, ['app', 'push', dir, `apps/${app}`, '--key', `${key(play, signer)}.key`]);

export const release = async (play: Play, pushed: Pushed): Promise<string> => (await pier<{ id: string }>(play.env, ['release', 'create', pushed.reference])).id;

/** Built, signed and made a release. */
export async function ship(play: Play, change: Change): Promise<string> {
  return release(play, await push(play, await build(play, change), 'release'));
}

/** Starts a rollout; gives its id. Devices are named, so that the order within waves is the story's. */
export async function start(play: Play, of: { readonly release: string; readonly players: readonly Player[]; readonly waves?: readonly string[]; readonly extra?: readonly string[] }): Promise<string> {
  const waves = (of.waves ?? []).flatMap((wave) => ['--wave', wave]);
  const words = ['rollout', 'start', of.release, '--device', ...idsOf(of.players), ...waves, '--soak', String(soakS), '--deadline', '60', ...(of.extra ?? [])];
  return (await pier<{ id: string }>(play.env, words)).id;
}

export const idsOf = (players: readonly Player[]): string[] => players.map((one) => one.device);

/** Waves of exactly these players, as selectors. */
export const waveOf = (players: readonly Player[], more = ''): string => `id in (${idsOf(players).join(', ')})${more}`;

export function player(play: { readonly fleet: readonly Player[] }, name: string): Player {
  const found = play.fleet.find((one) => one.name === name);
  if (!found) throw new Fault('internal', `nobody plays ${name}`);
  return found;
}

export const others = (play: Play, ...names: readonly string[]): Player[] => play.fleet.filter((one) => !names.includes(one.name));

export const detailOf = (play: Play, { device }: Player): Promise<DeviceDetail> => pier(play.env, ['device', 'show', device]);

/** Version and start of what runs there now: what `untouched` is held against. */
export async function runningAt(play: Play, players: readonly Player[], app: string): Promise<Record<string, { version: string; sinceMs: number }>> {
  const rows = await Promise.all(
    players.map(async (one) => {
      const running = Object.entries((await detailOf(play, one)).reported?.apps ?? {}).find(([name]) => name === app)?.[1].running;
      if (!running) throw new Fault('internal', `${one.name} does not run ${app}`);
      return [one.device, { version: running.version, sinceMs: running.sinceMs }] as const;
    }),
  );
  return Object.fromEntries(rows);
}

export function replaceOnce(source: string, from: string, to: string): string {
  if (source.split(from).length !== 2) throw new Fault('internal', `"${from}" stands ${source.split(from).length - 1} times in the example, not once`);
  return source.replace(from, to);
}
