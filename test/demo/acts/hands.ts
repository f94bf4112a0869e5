import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault, systemClock } from '@pier/shared/core';
import { hear, run } from '../../support/pier.ts';
import { type Play, key, pier, player } from '../play.ts';

/** A technician at a shell: signed commands, and plain JSON typed with a foreign MQTT client. */
export async function byHand(play: Play): Promise<void> {
  const { steps, judge, env } = play;
  const { device } = player(play, 'quay-1');
  const signed = ['--key', `${key(play, 'operator')}.key`];
  await steps.step('the operator gets a certificate for MQTT', () => pier(env, ['operator', 'certificate', '--name', 'alice']));
  await steps.step('pier cmd ping: the answer arrives', () => judge.ask('answers', { device, words: ['ping'], text: '"pong":true' }));
  await steps.step('app.logs shows the last lines of the meter', () => judge.ask('answers', { device, words: ['app.logs', 'app=meter', 'lines=5'], text: '"lines"' }));
  await steps.step('gpio.read tells the level of a line', () => judge.ask('answers', { device, words: ['gpio.read', 'app=blink', 'line=led'], text: '"level"' }));
  await steps.step('app.stop holds the app; it is shown as held by hand', async () => {
    await judge.ask('answers', { device, words: ['app.stop', 'app=blink', 'forS=600', ...signed], text: '"done"' });
    return judge.ask('held', { device, app: 'blink', kind: 'stopped' });
  });
  await steps.step('app.start lets it go on', () => judge.ask('answers', { device, words: ['app.start', 'app=blink', ...signed], text: '"done"' }));
  await steps.step('the same typed as plain JSON with a foreign MQTT client: the answer arrives', () => foreignPing(play, device));
}

/**
 * MQTT.js's own command line, and the JSON that a person would type. It is typed until it is answered: a known id is never
 * run twice, its last state is only told again.
 */
async function foreignPing(play: Play, device: string): Promise<string> {
  const home = play.env['PIER_HOME'] ?? '';
  const mqtt = fileURLToPath(new URL('bin/mqtt.js', import.meta.resolve('mqtt')));
  const url = new URL(play.manager.mqtt);
  const access = ['-h', url.hostname, '-p', url.port, '-l', 'mqtts', '--key', join(home, 'operator.key'), '--cert', join(home, 'operator.crt'), '--ca', join(home, 'ca.crt'), '-V', '4', '-q', '1'];
  const topic = `pier/v1/d/${device}`;
  using heard = hear(process.execPath, [mqtt, 'sub', ...access, '-t', `${topic}/up/cmd/typed-1`], { env: play.env, wanted: '"state":"done"' });
  for (let n = 0; n < 10; n += 1) {
    const sent = await run(process.execPath, [mqtt, 'pub', ...access, '-t', `${topic}/down/cmd`, '-m', '{"id":"typed-1","cmd":"ping"}'], { env: play.env });
    if (sent.status !== 0) throw new Fault('internal', `mqtt pub ended with ${sent.status}: ${sent.stderr}`);
    const answer = await Promise.race([heard.line, systemClock.sleep(1_000)]);
    if (answer !== undefined) return answer;
  }
  throw new Fault('timed-out', 'no answer to the typed command');
}
