/** Commands typed by a technician: with `pier cmd`, and as JSON with other people's MQTT programs over mutual TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppName, type DeviceId, canonicalJson, systemClock } from '@pier/shared/core';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { debianTool } from '../support/debian.ts';
import { exampleGuest } from '../support/guests.ts';
import { hear, run, runPier } from '../support/pier.ts';
import { childEnv } from '../support/stage.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const mosquitto = debianTool('mosquitto_pub') && debianTool('mosquitto_sub');
const mqttJs = fileURLToPath(new URL('bin/mqtt.js', import.meta.resolve('mqtt')));
const blink = AppName.parse('blink');

let world: World;
let device: DeviceId;
let env: NodeJS.ProcessEnv;
let home: string;

beforeAll(async () => {
  world = await openWorld();
  home = join(world.dir, 'home');
  env = childEnv({ PIER_HOME: home, PIER_MANAGER: world.manager.http, PIER_API_TOKEN: world.manager.admin.token });
  ({ device } = await world.enrol());
  await world.bind(device, 'blink', { led, button });
  const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 100, ...(await exampleGuest('blink')) }), device);
  await deploymentIn(world, { device, rollout, states: ['proven'] });
  expect((await runPier(['operator', 'certificate', '--name', 'carol'], { env })).status).toBe(0);
  writeFileSync(join(home, 'carol.key'), world.keys.operator.privatePem, { mode: 0o600 });
  writeFileSync(join(home, 'mallory.key'), world.keys.stranger.privatePem, { mode: 0o600 });
});
afterAll(() => world[Symbol.asyncDispose]());

const cmd = (...words: string[]) => runPier(['cmd', device, ...words, '-o', 'json'], { env });
const signed = (...words: string[]) => cmd(...words, '--key', join(home, 'carol.key'));
const app = async () => (await world.look(device)).reported?.apps[blink];

describe('pier cmd', () => {
  test('ping and status are answered without a signature', async () => {
    expect(JSON.parse((await cmd('ping')).stdout)).toMatchObject({ state: 'done', result: { pong: true } });
    expect(JSON.parse((await cmd('status')).stdout)).toMatchObject({ state: 'done', result: { apps: { blink: { state: 'proven' } } } });
  });

  test('gpio.read tells the level of a held line by its label and by its name, and refuses one that nobody holds', async () => {
    for (const words of [['line=led', 'app=blink'], ['line=GPIO17']]) expect(JSON.parse((await cmd('gpio.read', ...words)).stdout)).toMatchObject({ state: 'done', result: { line: expect.anything(), level: expect.any(Number) } });
    const none = await cmd('gpio.read', 'line=GPIO22');
    expect([none.status === 0, none.stderr]).toEqual([false, expect.stringMatching(/GPIO22/)]);
  });

  test('a verb that changes something wants an operator’s key; a stranger’s is refused at once, under the command’s own id', async () => {
    const unsigned = await cmd('app.restart', 'app=blink');
    expect([unsigned.status, unsigned.stderr]).toEqual([3, expect.stringMatching(/command-unsigned.*sign it with --key FILE/)]);
    const stranger = await cmd('app.restart', 'app=blink', '--key', join(home, 'mallory.key'));
    expect([stranger.status, stranger.stderr]).toEqual([3, expect.stringMatching(/untrusted-signer/)]);
    expect((await app())?.running?.restarts).toBe(0);
  });

  test('app.stop holds the app, which is shown as held by hand, and app.start ends that', async () => {
    expect((await signed('app.stop', 'app=blink', 'forS=600')).status).toBe(0);
    await until('the hold in the API', async () => ((await app())?.hold?.kind === 'stopped' ? true : undefined));
    const listed = await runPier(['device', 'list'], { env });
    expect(listed.stdout).toMatch(/blink .*stopped by hand/);
    const why = await runPier(['device', 'why', device, 'blink'], { env });
    expect(why.stdout).toMatch(/app\.held/);
    expect((await signed('app.start', 'app=blink')).status).toBe(0);
    await until('the app running, held by nobody', async () => ((await app())?.running && !(await app())?.hold ? true : undefined));
  });

  test('app.stop ends by itself when its time is up', async () => {
    const sentMs = systemClock.nowMs();
    expect((await signed('app.stop', 'app=blink', 'forS=2')).status).toBe(0);
    const again = await until('another guest, held by nobody', async () => {
      const now = await app();
      return now?.running && now.running.sinceMs > sentMs && !now.hold ? now.running : undefined;
    });
    expect(again.sinceMs).toBeGreaterThanOrEqual(sentMs + 2_000);
  });

  test('app.deploy runs another release for a while, verified like any other, and the device goes back by itself', async () => {
    const other = await world.push({ app: 'blink', version: '1.0.1', counter: 101, ...(await exampleGuest('blink')), limits: { watchdogS: 59 } });
    // Watched from the start: the command may take as long to end as the other release runs.
    const seen = until('the other release by hand', async () => {
      const now = await app();
      return now?.running?.version === '1.0.1' && now.hold?.kind === 'deployed' ? true : undefined;
    });
    const [ran] = await Promise.all([signed('app.deploy', 'app=blink', `digest=${other.digest}`, 'forS=8'), seen]);
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    await until('what is desired again', async () => ((await app())?.running?.version === '1.0.0' && !(await app())?.hold ? true : undefined));
    const forged = await world.push({ app: 'blink', version: '1.0.2', counter: 102, ...(await exampleGuest('blink')), limits: { watchdogS: 58 }, signer: 'stranger' });
    const refused = await signed('app.deploy', 'app=blink', `digest=${forged.digest}`);
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringMatching(/untrusted-signer/)]);
    expect((await app())?.running?.version).toBe('1.0.0');
  });

  test('app.logs gives what the app wrote', async () => {
    expect((await runPier(['sim', 'press', world.board.dir, 'button', '--ms', '60'], { env })).status).toBe(0);
    await until('the line about the button', async () => ((await cmd('app.logs', 'app=blink', 'lines=20')).stdout.includes('button pressed') ? true : undefined));
    const person = await runPier(['cmd', device, 'app.logs', 'app=blink'], { env });
    expect(person.stdout).toMatch(/^o button pressed/m);
  });

  test.each([
    ['an unknown verb', ['reboot'], 2, /"reboot"; known are/],
    ['a missing argument', ['app.restart'], 2, /app/],
    ['an unknown argument', ['ping', 'now=1'], 2, /now/],
    ['a number that is none', ['app.logs', 'app=blink', 'lines=many'], 2, /lines/],
    ['an app that is not there', ['app.logs', 'app=nothing'], 4, /app-unknown/],
  ])('%s is refused with its exit status and a sentence', async (_, words, status, why) => {
    const ran = await cmd(...words);
    expect([ran.status, ran.stderr]).toEqual([status, expect.stringMatching(why)]);
  });

  test('a device answers to its name as to its id, until another one has that name', async () => {
    await world.api.call('changeDevice', { params: { device }, body: { name: 'Lantern of the mole' } });
    expect((await runPier(['device', 'list'], { env })).stdout).toMatch(new RegExp(`^${device} +Lantern of the mole `, 'm'));
    const [shown, pinged] = [await runPier(['device', 'show', 'Lantern of the mole', '-o', 'json'], { env }), await runPier(['cmd', 'Lantern of the mole', 'ping'], { env })];
    expect([JSON.parse(shown.stdout).id, pinged.status]).toEqual([device, 0]);
    const twin = await world.addDevice('twin');
    await world.api.call('changeDevice', { params: { device: twin.device }, body: { name: 'Lantern of the mole' } });
    const refused = await runPier(['cmd', 'Lantern of the mole', 'ping'], { env });
    expect([refused.status, refused.stderr]).toEqual([5, expect.stringContaining(`${twin.device} (active)`)]);
  });

  test('a verb that does not fit a rollout is refused in one sentence', async () => {
    const [one] = (await world.api.call('listRollouts', { query: { limit: 1 } })).items;
    const ran = await runPier(['rollout', 'approve', one?.id ?? ''], { env });
    expect([ran.status, ran.stderr]).toEqual([5, expect.stringMatching(/^pier: verb-unfit: approve does not fit [^\n]*\n$/)]);
  });

  test('a revoked device is forgotten by who says so twice', async () => {
    const { device: leaver } = await world.addDevice('leaver');
    const forget = (...words: string[]) => runPier(['device', 'forget', leaver, ...words], { env });
    expect([(await forget('--yes')).status, (await runPier(['device', 'revoke', leaver], { env })).status]).toEqual([5, 0]);
    const asked = await forget();
    expect([asked.status, asked.stderr]).toEqual([2, expect.stringMatching(/nothing brings them back; say so with --yes/)]);
    expect((await forget('--yes')).status).toBe(0);
    expect((await runPier(['device', 'show', leaver], { env })).status).toBe(4);
  });

  test('a device that nobody knows is told so at once; who may not ask the API is told when time is up', async () => {
    const asked = await runPier(['cmd', 'nobody-home', 'ping', '--timeout', '1'], { env });
    expect([asked.status, asked.stderr]).toEqual([4, expect.stringMatching(/there is no device "nobody-home"/)]);
    const { PIER_API_TOKEN: _, ...tokenless } = env;
    const ran = await runPier(['cmd', 'nobody-home', 'ping', '--timeout', '1'], { env: tokenless });
    expect([ran.status, ran.stderr]).toEqual([124, expect.stringMatching(/pier device show nobody-home/)]);
  });
});

type Typist = { readonly name: string; readonly there: boolean; pub(topic: string, message: string): Promise<number>; sub(topic: string, wanted: string): { readonly line: Promise<string> } & Disposable };

const access = () => {
  const { hostname, port } = new URL(world.manager.mqtt);
  return { hostname, port, key: join(home, 'operator.key'), cert: join(home, 'operator.crt'), ca: join(home, 'ca.crt') };
};
const mosquittoWords = () => ['-h', access().hostname, '-p', access().port, '--cafile', access().ca, '--cert', access().cert, '--key', access().key, '-q', '1'];
const mqttWords = () => ['-h', access().hostname, '-p', access().port, '-l', 'mqtts', '--key', access().key, '--cert', access().cert, '--ca', access().ca, '-V', '4', '-q', '1'];

const typists: readonly Typist[] = [
  {
    name: 'mosquitto_pub and mosquitto_sub',
    there: mosquitto,
    pub: async (topic, message) => (await run('mosquitto_pub', [...mosquittoWords(), '-t', topic, '-m', message], { env })).status,
    sub: (topic, wanted) => hear('mosquitto_sub', [...mosquittoWords(), '-t', topic], { env, wanted }),
  },
  {
    name: 'MQTT.js’s own command',
    there: true,
    pub: async (topic, message) => (await run(process.execPath, [mqttJs, 'pub', ...mqttWords(), '-t', topic, '-m', message], { env })).status,
    sub: (topic, wanted) => hear(process.execPath, [mqttJs, 'sub', ...mqttWords(), '-t', topic], { env, wanted }),
  },
];

/** A subscription may stand only after the first message: a known id is never run twice, its last state is only told again. */
async function typed(typist: Typist, { id, message, wanted }: { id: string; message: string; wanted: string }): Promise<string> {
  using heard = typist.sub(`pier/v1/d/${device}/up/cmd/${id}`, wanted);
  for (let n = 0; n < 15; n += 1) {
    expect(await typist.pub(`pier/v1/d/${device}/down/cmd`, message)).toBe(0);
    const answer = await Promise.race([heard.line, systemClock.sleep(1_000)]);
    if (answer !== undefined) return answer;
  }
  throw new Error(`no answer to ${message}`);
}

const envelope = (id: string, verb: string, args: object): string =>
  JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload: canonicalJson(JSON.parse(JSON.stringify({ device, id, cmd: verb, args, number: systemClock.nowMs() }))), privatePem: world.keys.operator.privatePem }));

describe.each(typists)('JSON typed with $name', (typist) => {
  test.skipIf(!typist.there)('a ping is answered', async () => {
    const id = `ping-${typist.name.length}`;
    expect(await typed(typist, { id, message: `{"id":"${id}","cmd":"ping"}`, wanted: '"state":"done"' })).toMatch(/"pong":true/);
  });

  test.skipIf(!typist.there)('gpio.read and app.logs are answered', async () => {
    const id = `read-${typist.name.length}`;
    expect(await typed(typist, { id, message: `{"id":"${id}","cmd":"gpio.read","args":{"line":"GPIO17"}}`, wanted: '"state":"done"' })).toMatch(/"level":[01]/);
  });

  test.skipIf(!typist.there)('an envelope pasted from elsewhere restarts the app, once', async () => {
    const id = `restart-${typist.name.length}`;
    const before = (await app())?.running?.sinceMs;
    expect(await typed(typist, { id, message: envelope(id, 'app.restart', { app: 'blink' }), wanted: '"state":"done"' })).toMatch(/"done"/);
    await until('another start', async () => {
      const sinceMs = (await app())?.running?.sinceMs;
      return sinceMs === undefined || sinceMs === before ? undefined : sinceMs;
    });
  });

  test.skipIf(!typist.there)('nonsense gets a refusal with a code, or nothing at all when it cannot be read, and the device lives on', async () => {
    for (const message of ['', '{', '[]', '"ping"', '{"cmd":1}', '{"id":"../x","cmd":"ping"}', '\u0000', '{"id":"n1","cmd":"ping","cmd":"app.stop"}', `{"id":"n2","cmd":"${'x'.repeat(10_000)}"}`]) await typist.pub(`pier/v1/d/${device}/down/cmd`, message === '' ? ' ' : message.replaceAll('\u0000', ' '));
    const id = `after-${typist.name.length}`;
    expect(await typed(typist, { id, message: `{"id":"${id}","cmd":"ping"}`, wanted: '"state":"done"' })).toMatch(/"pong":true/);
  });
});
