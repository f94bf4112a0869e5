import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppName, Fault, systemClock } from '@pier/shared/core';
import type { DeviceDetail } from '@pier/shared/api';
import { type Judge, startJudge } from './ask-judge.ts';
import { answerOf, hear, run, runPier } from '../support/pier.ts';
import { type ManagerReady, type Stage, childEnv } from '../support/stage.ts';
import type { Steps } from './steps.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const led = 'GPIO17';
const soakS = 2;
/** Attacks number their documents ahead of the manager's, which may write one of its own meanwhile. */
const attackAheadMs = 60_000;

/** What the acts of the story share. */
type Play = {
  readonly stage: Stage;
  readonly steps: Steps;
  readonly manager: ManagerReady;
  readonly judge: Judge;
  readonly env: NodeJS.ProcessEnv;
  readonly dir: string;
  readonly device: string;
  readonly mirror: string;
};

export type Told = { readonly manager: ManagerReady; readonly device: string; readonly board: string; readonly home: string };

type Built = { readonly dir: string; readonly version: string; readonly counter: number; /** Of the module, which is the artifact's layer. */ readonly layer: string };
type Pushed = { readonly reference: string; readonly digest: string };

/** Plays the whole story on a fresh stage; any step that does not hold is a fault. */
export async function playStory(stage: Stage, steps: Steps): Promise<Told> {
  const { manager, board, mirror, env } = await raise(stage, steps);
  const judge = startJudge({ http: manager.http, token: manager.admin.token, record: board.record, home: env['PIER_HOME'] ?? '', board: board.dir }, env);
  await using _ = judge;
  const device = await enrol({ stage, steps, manager, env, board: board.dir, mirror });
  const play: Play = { stage, steps, manager, judge, env, dir: stage.dir, device, mirror };
  await steps.step('the board is in the fleet', () => judge.ask('enrolled', { device }));
  const good = await rollOutGood(play);
  await refuseCorrupted(play, good);
  await refuseStranger(play, good);
  await refuseUnbound(play, good);
  await refuseUnsigned(play, good);
  await byHand(play);
  return { manager, device, board: board.dir, home: env['PIER_HOME'] ?? '' };
}

async function raise(stage: Stage, steps: Steps) {
  const manager = await steps.step('the manager starts: PostgreSQL, broker, registry, API', async () => (await stage.startManager()).ready);
  const board = await steps.step('a simulated Raspberry Pi 4 starts, with an LED and a button', () => stage.startBoard());
  const { url: mirror } = await steps.step('a site cache starts, which nobody needs to trust', () => stage.startMirror(manager));
  const env = childEnv({ PIER_HOME: join(stage.dir, 'home'), PIER_MANAGER: manager.http, PIER_API_TOKEN: manager.admin.token });
  mkdirSync(join(stage.dir, 'keys'), { recursive: true, mode: 0o700 });
  await steps.step('policy, release and operator keys are made; the policy is signed', async () => {
    for (const name of ['root', 'release', 'operator', 'stranger']) await pier(env, ['key', 'generate', key(stage, name)]);
    const policy = join(stage.dir, 'keys', 'policy.json');
    await pier(env, ['policy', 'sign', '--root', `${key(stage, 'root')}.key`, '--release', `${key(stage, 'release')}.pub`, '--operator', `${key(stage, 'operator')}.pub`, '--scope', 'manager/apps', '--out', policy]);
    await pier(env, ['policy', 'push', policy]);
  });
  return { manager, board, mirror, env };
}

const key = (stage: { dir: string }, name: string): string => join(stage.dir, 'keys', name);

async function pier<T = unknown>(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<T> {
  return answerOf<T>(await runPier([...args, '-o', 'json'], { env }), `pier ${args.slice(0, 2).join(' ')}`);
}

async function enrol({ stage, steps, manager, env, board, mirror }: { stage: Stage; steps: Steps; manager: ManagerReady; env: NodeJS.ProcessEnv; board: string; mirror: string }): Promise<string> {
  return steps.step('the agent enrols by a one-time claim token, with a key of its own', async () => {
    const { token } = await pier<{ token: string }>(env, ['token', 'create']);
    return (await stage.startAgent({ manager: manager.device, token, board, mirror })).device;
  });
}

/** A copy of an example under another version, with its text changed, built. */
async function build(play: Play, change: { name: string; version: string; edit?: (source: string) => string; asks?: (asks: { gpio: unknown[] }) => void }): Promise<Built> {
  const dir = join(play.dir, 'work', change.name);
  cpSync(join(root, 'examples', 'blink'), dir, { recursive: true, filter: (from) => !from.endsWith('/dist') });
  const manifest = JSON.parse(readFileSync(join(dir, 'pier.json'), 'utf8'));
  const counter = 1_000 + Number(change.version.replaceAll('.', ''));
  Object.assign(manifest, { version: change.version, counter });
  change.asks?.(manifest.asks);
  writeFileSync(join(dir, 'pier.json'), JSON.stringify(manifest));
  const source = join(dir, 'assembly', 'index.ts');
  if (change.edit) writeFileSync(source, change.edit(readFileSync(source, 'utf8')));
  const { digest } = await pier<{ digest: string }>(play.env, ['app', 'build', dir]);
  return { dir, version: change.version, counter, layer: digest };
}

const push = (play: Play, built: Built, signer: string): Promise<Pushed> => pier(play.env, ['app', 'push', built.dir, 'apps/blink', '--key', `${key(play.stage, signer)}.key`]);

async function start(play: Play, pushed: Pushed): Promise<string> {
  const release = await pier<{ id: string }>(play.env, ['release', 'create', pushed.reference]);
  return (await pier<{ id: string }>(play.env, ['rollout', 'start', release.id, '--device', play.device, '--soak', String(soakS), '--deadline', '60'])).id;
}

type Good = { readonly version: string; readonly sinceMs: number; readonly detail: () => Promise<DeviceDetail> };

async function rollOutGood(play: Play): Promise<Good> {
  const { steps, judge, device, env } = play;
  const version = '1.0.0';
  const pushed = await steps.step('blink 1.0.0 is built from AssemblyScript, packed, pushed and signed', async () => push(play, await build(play, { name: 'blink-1.0.0', version }), 'release'));
  await steps.step('the operator binds led and button to real lines', () => pier(env, ['binding', 'set', device, 'blink', 'led=pinctrl-bcm2711:17:out', 'button=pinctrl-bcm2711:27:in']));
  const rollout = await steps.step('a rollout of one wave starts', () => start(play, pushed));
  await steps.step('the simulator sees the LED blink', () => judge.ask('blinks', { line: led, edges: 6 }));
  await steps.step('the app answers a press of the button', () => judge.ask('answersButton', { line: led }));
  await steps.step('the deployment is proven after its soak', () => judge.ask('proven', { device, rollout, version }));
  await steps.step('pier rollout watch ends with 0', async () => void (await runToEnd(play, ['rollout', 'watch', rollout, '--timeout', '30'], 0)));
  const detail = () => pier<DeviceDetail>(env, ['device', 'show', device]);
  const sinceMs = Object.values((await detail()).reported?.apps ?? {})[0]?.running?.sinceMs ?? 0;
  return { version, sinceMs, detail };
}

async function runToEnd(play: Play, args: readonly string[], status: number): Promise<string> {
  const ran = await runPier(args, { env: play.env });
  if (ran.status !== status) throw new Fault('internal', `pier ${args.join(' ')} ended with ${ran.status}, not ${status}: ${ran.stderr || ran.stdout}`);
  return ran.stderr.trim();
}

const stillRuns = (play: Play, good: Good) => play.judge.ask('stillRuns', { device: play.device, app: 'blink', version: good.version, line: led, sinceMs: good.sinceMs });

async function refuseCorrupted(play: Play, good: Good): Promise<void> {
  const { steps, judge, device } = play;
  const version = '1.1.0';
  const rollout = await steps.step('blink 1.1.0 is signed and rolled out, but the site cache flips one bit of it', async () => {
    const built = await build(play, { name: 'blink-1.1.0', version, edit: (source) => replaceOnce(source, '= 250', '= 200') });
    await fetch(`${play.mirror}/corrupt/${built.layer}`, { method: 'POST' });
    return start(play, await push(play, built, 'release'));
  });
  await steps.step('the device refuses the flipped bit', () => judge.ask('deployment', { device, rollout, state: 'refused', code: 'digest-mismatch' }));
  await steps.step('pier rollout watch tells it and ends with 1', () => runToEnd(play, ['rollout', 'watch', rollout, '--timeout', '30'], 1));
  await steps.step('the good version keeps blinking', () => stillRuns(play, good));
}

function replaceOnce(source: string, from: string, to: string): string {
  if (source.split(from).length !== 2) throw new Fault('internal', `"${from}" stands ${source.split(from).length - 1} times in the example, not once`);
  return source.replace(from, to);
}

async function refuseStranger(play: Play, good: Good): Promise<void> {
  const { steps, judge, device } = play;
  const built = await steps.step('blink 1.2.0 is signed by a key that nobody named', async () => {
    const source = await build(play, { name: 'blink-1.2.0', version: '1.2.0', edit: (text) => replaceOnce(text, '= 250', '= 150') });
    return { source, pushed: await push(play, source, 'stranger') };
  });
  await steps.step('the manager does not take it for a rollout (exit status 3)', () => runToEnd(play, ['release', 'create', built.pushed.reference], 3));
  await steps.step('offered all the same with a stolen scheduler key, the device refuses it', async () => {
    await attack(play, 'forged', { good, built: built.source, digest: built.pushed.digest });
    return judge.ask('refused', { device, code: 'untrusted-signer', digest: built.pushed.digest });
  });
  await steps.step('the good version keeps blinking', () => stillRuns(play, good));
}

async function refuseUnbound(play: Play, good: Good): Promise<void> {
  const { steps, judge, device } = play;
  const built = await steps.step('blink 1.3.0 asks for one more pin, which nobody bound', async () => {
    const siren = { label: 'siren', mode: 'out', safe: 'inactive' };
    const source = await build(play, { name: 'blink-1.3.0', version: '1.3.0', asks: (asks) => void asks.gpio.push(siren) });
    return { source, pushed: await push(play, source, 'release') };
  });
  const rollout = await steps.step('its rollout starts', () => start(play, built.pushed));
  await steps.step('the manager does not offer it: it waits for a binding', () => judge.ask('deployment', { device, rollout, state: 'waiting', code: 'capability.unbound' }));
  await steps.step('offered all the same with a stolen scheduler key, the device refuses it', async () => {
    await attack(play, 'forged', { good, built: built.source, digest: built.pushed.digest });
    return judge.ask('refused', { device, code: 'capability.unbound', digest: built.pushed.digest });
  });
  await steps.step('the good version keeps blinking', () => stillRuns(play, good));
}

async function refuseUnsigned(play: Play, good: Good): Promise<void> {
  const { steps, judge, device } = play;
  await steps.step('somebody who owns the broker publishes an unsigned desired document; the device refuses it', async () => {
    await attack(play, 'unsigned', { good, built: { version: '9.9.9', counter: 9_999 }, digest: `sha256:${'0'.repeat(64)}` });
    return judge.ask('refused', { device, code: 'desired-unsigned', type: 'desired.refused' });
  });
  await steps.step('the good version keeps blinking', () => stillRuns(play, good));
}

/** Offers an artifact to the device as a broken-into manager or broker would; `unsigned` without, `forged` with the stolen scheduler key. */
async function attack(play: Play, mode: 'forged' | 'unsigned', { good, built, digest }: { good: Good; built: Pick<Built, 'version' | 'counter'>; digest: string }): Promise<void> {
  const seen = await good.detail();
  const blink = AppName.parse('blink');
  const reported = seen.reported?.apps[blink];
  const app = { repository: 'apps/blink', digest, version: built.version, counter: built.counter, attempt: 1 + (reported?.attempt ?? 0), soakS, bindings: seen.bindings[blink] ?? {} };
  const desired = { device: play.device, rev: systemClock.nowMs() + attackAheadMs, policy: seen.reported?.policy ?? 0, apps: { blink: app } };
  const file = join(play.dir, `attack-${mode}-${built.version}.json`);
  writeFileSync(file, JSON.stringify({ authority: join(play.dir, 'manager', 'authority'), mqtt: play.manager.mqtt, desired }));
  const ran = await run(process.execPath, [fileURLToPath(new URL('./attacker.ts', import.meta.url)), mode, file], { env: play.env });
  if (ran.status !== 0) throw new Fault('internal', `the attacker did not get through: ${ran.stderr}`);
}

async function byHand(play: Play): Promise<void> {
  const { steps, judge, device, env } = play;
  await steps.step('the operator gets a certificate for MQTT', () => pier(env, ['operator', 'certificate', '--name', 'alice']));
  await steps.step('pier cmd ping: the answer arrives', () => judge.ask('ping', { device }));
  await steps.step('the same typed as plain JSON with a foreign MQTT client: the answer arrives', () => foreignPing(play));
}

/**
 * MQTT.js's own command line, and the JSON that a person would type. It is typed until it is answered: a known id is never
 * run twice, its last state is only told again.
 */
async function foreignPing(play: Play): Promise<string> {
  const home = play.env['PIER_HOME'] ?? '';
  const mqtt = fileURLToPath(new URL('bin/mqtt.js', import.meta.resolve('mqtt')));
  const url = new URL(play.manager.mqtt);
  const access = ['-h', url.hostname, '-p', url.port, '-l', 'mqtts', '--key', join(home, 'operator.key'), '--cert', join(home, 'operator.crt'), '--ca', join(home, 'ca.crt'), '-V', '4', '-q', '1'];
  const topic = `pier/v1/d/${play.device}`;
  using heard = hear(process.execPath, [mqtt, 'sub', ...access, '-t', `${topic}/up/cmd/typed-1`], { env: play.env, wanted: '"state":"done"' });
  for (let n = 0; n < 10; n += 1) {
    const sent = await run(process.execPath, [mqtt, 'pub', ...access, '-t', `${topic}/down/cmd`, '-m', '{"id":"typed-1","cmd":"ping"}'], { env: play.env });
    if (sent.status !== 0) throw new Fault('internal', `mqtt pub ended with ${sent.status}: ${sent.stderr}`);
    const answer = await Promise.race([heard.line, systemClock.sleep(1_000)]);
    if (answer !== undefined) return answer;
  }
  throw new Fault('timed-out', 'no answer to the typed command');
}
