import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startJudge } from '../ask-judge.ts';
import { type Player, cast, sites } from '../cast.ts';
import { type Play, key, pier } from '../play.ts';
import { type ManagerReady, type Stage, childEnv } from '../../support/stage.ts';
import type { Steps } from '../steps.ts';
import type { Kept } from '../kept.ts';

/** Everything is started and enrolled; whoever gets the play disposes its judge. */
export async function raise(stage: Stage, steps: Steps): Promise<Play> {
  const manager = await steps.step('the manager starts: PostgreSQL, broker, registry, API', async () => (await stage.startManager()).ready);
  sayWhereToWatch(steps, manager);
  const env = envOf(stage, manager);
  const boards = await steps.step('six simulated boards start: Raspberry Pi 3, 4, 5 and Zero 2 W, each with an LED, a button and an energy meter', () => startBoards(stage));
  const { url: mirror } = await steps.step('a site cache starts, which nobody needs to trust', () => stage.startMirror(manager));
  await steps.step('policy, release and operator keys are made; the policy is signed', () => makeKeys(stage, env));
  const fleet = await steps.step('six agents enrol by claim tokens, one for each site, each with a key of its own', async () => {
    const tokens = new Map<string, string>();
    for (const site of sites) tokens.set(site, (await pier<{ token: string }>(env, ['token', 'create', '--uses', '2', '--tag', `site=${site}`])).token);
    return Promise.all(cast.map(async (part): Promise<Player> => {
      const board = boards.get(part.name) ?? { dir: '', record: '' };
      const { device, process } = await stage.startAgent({ manager: manager.device, token: tokens.get(part.site) ?? '', board: board.dir, mirror, name: part.name });
      return { ...part, device, board, agent: process };
    }));
  });
  return withJudge({ stage, steps, manager, env, dir: stage.dir, mirror, fleet });
}

/** The same fleet once more: nothing is made or enrolled, all is started. */
export async function raiseAgain(stage: Stage, steps: Steps, kept: Kept): Promise<Play> {
  const started = await steps.step('the manager starts again', async () => (await stage.startManager()).ready);
  const manager = { ...started, registryCredentials: kept.registryCredentials, admin: kept.admin };
  sayWhereToWatch(steps, manager);
  const boards = await steps.step('the boards start again', () => startBoards(stage));
  const { url: mirror } = await stage.startMirror(manager);
  const fleet = await steps.step('the agents start again, and their apps with them', () =>
    Promise.all(cast.map(async (part): Promise<Player> => {
      const board = boards.get(part.name) ?? { dir: '', record: '' };
      const { device, process } = await stage.startAgent({ manager: manager.device, board: board.dir, mirror, name: part.name });
      return { ...part, device, board, agent: process };
    })),
  );
  return withJudge({ stage, steps, manager, env: envOf(stage, manager), dir: stage.dir, mirror, fleet });
}

function withJudge(play: Omit<Play, 'judge'>): Play {
  const boards = Object.fromEntries(play.fleet.map((player) => [player.device, player.board]));
  const judge = startJudge({ http: play.manager.http, token: play.manager.admin.token, home: play.env['PIER_HOME'] ?? '', boards }, play.env);
  return { ...play, judge };
}

function envOf(stage: Stage, manager: ManagerReady): NodeJS.ProcessEnv {
  return childEnv({ PIER_HOME: join(stage.dir, 'home'), PIER_MANAGER: manager.http, PIER_API_TOKEN: manager.admin.token });
}

async function startBoards(stage: Stage): Promise<Map<string, Player['board']>> {
  const started = await Promise.all(cast.map(async ({ name, model }) => [name, await stage.startBoard({ name: `board-${name}`, model })] as const));
  return new Map(started.map(([name, { dir, record }]) => [name, { dir, record }]));
}

async function makeKeys(stage: Stage, env: NodeJS.ProcessEnv): Promise<void> {
  mkdirSync(join(stage.dir, 'keys'), { recursive: true, mode: 0o700 });
  for (const name of ['root', 'release', 'operator', 'stranger']) if (!existsSync(`${key(stage, name)}.key`)) await pier(env, ['key', 'generate', key(stage, name)]);
  const policy = join(stage.dir, 'keys', 'policy.json');
  await pier(env, ['policy', 'sign', '--root', `${key(stage, 'root')}.key`, '--release', `${key(stage, 'release')}.pub`, '--operator', `${key(stage, 'operator')}.pub`, '--scope', 'manager/apps', '--out', policy]);
  await pier(env, ['policy', 'push', policy]);
}

/** The story is for eyes: whoever watches it in a browser needs the address now, not at its end. */
function sayWhereToWatch(steps: Steps, { http, admin }: ManagerReady): void {
  steps.say(`\n     Watch it in a browser: ${http}\n     log in as ${admin.user} with ${admin.password}\n`);
}
