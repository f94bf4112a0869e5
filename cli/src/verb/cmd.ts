import type { Command } from 'commander';
import * as z from 'zod';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { IClientOptions, MqttClient } from 'mqtt';
import { CommandId, DeviceId, Fault, canonicalJson, check, isFaultCode, parseJson, systemClock, toFault } from '@pier/shared/core';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { CommandState, isFinal, topics, verbNames, verbs } from '@pier/shared/wire';
import { type Common, deviceArgument, deviceMeant, openSession, output, plain, readPrivateKey, readSettings, readUserFile, withManager } from '../session/index.ts';
import { positive } from './words.ts';

type Options = Common & { identity?: string; mqtt?: string; key?: string; timeout: number; wait: boolean };

/** `pier cmd DEVICE VERB [k=v…]`: one command over MQTT, its answers printed as they come. */
export function addCmd(program: Command): void {
  withManager(program.command('cmd').argument(...deviceArgument).argument('<verb>', verbNames.join(', ')).argument('[args...]', 'key=value'))
    .description('send a command to a device over MQTT')
    .option('--identity <dir>', 'folder with operator.key, operator.crt, ca.crt, mqtt.url (default: PIER_HOME)')
    .option('--mqtt <url>', 'broker, instead of the one in mqtt.url')
    .option('--key <file>', 'private operator key that signs the command; needed for verbs that change something')
    .option('--timeout <seconds>', 'how long to wait for the answer', positive, 15)
    .option('--wait', 'wait for the end (the default)', true)
    .option('--no-wait', 'only send it')
    .action(async (device: string, verb: string, words: string[], options: Options) => {
      const args = argsOf(verb, words);
      await send({ device: await receiver(device, options), verb, args }, options);
    });
}

/**
 * The device that a command goes to. Who has a certificate for MQTT may have no token for the API, or not reach it: then ids alone are taken,
 * unseen. Faults: as `deviceMeant`, and `input-invalid` for a name that cannot be looked up.
 */
export async function receiver(word: string, options: Pick<Common, 'manager' | 'token'>): Promise<DeviceId> {
  const settings = readSettings(process.env);
  const [manager, token] = [options.manager ?? settings.manager, options.token ?? settings.token];
  if (manager === undefined || token === undefined) return idOf(word, 'no manager or no API token is given (--manager, --token, or "pier login")');
  try {
    return await deviceMeant(openSession(options).api, word);
  } catch (thrown) {
    const { code, message } = toFault(thrown);
    if (code !== 'unreachable' && code !== 'unauthenticated') throw thrown;
    return idOf(word, message);
  }
}

function idOf(word: string, why: string): DeviceId {
  const id = DeviceId.safeParse(word);
  if (!id.success) throw new Fault('input-invalid', `"${word}" is no id of a device, and names cannot be looked up: ${why}`);
  return id.data;
}

type Wanted = { readonly device: DeviceId; readonly verb: string; readonly args: Record<string, string> };

function argsOf(verb: string, words: readonly string[]): Record<string, string> {
  if (!Object.hasOwn(verbs, verb)) throw new Fault('command-unknown', `there is no verb "${verb}"; known are ${verbNames.join(', ')}`);
  const args = Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new Fault('input-invalid', `key=value is expected, not "${word}"`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
  check(verbs[verb as keyof typeof verbs].args, args, { what: `arguments of ${verb}` });
  return args;
}

async function send(wanted: Wanted, options: Options): Promise<undefined> {
  const dir = options.identity ?? readSettings(process.env).home;
  const id = check(CommandId, randomUUID(), { what: 'command id' });
  await using session = await connect(dir, options.mqtt);
  const answer = answersOf(session.client, { device: wanted.device, id });
  await session.client.subscribeAsync(topics.commandState.of({ device: wanted.device, id }), { qos: 1 });
  await session.client.publishAsync(topics.command.of({ device: wanted.device }), payloadOf(wanted, { id, key: options.key, timeoutS: options.timeout }), { qos: 1 });
  if (!options.wait) {
    if (options.output === 'json') output.json({ id });
    else output.line(id);
    return undefined;
  }
  const answered = new AbortController();
  const final = await Promise.race([answer, silence(wanted.device, options.timeout, answered.signal)]);
  answered.abort();
  if (options.output === 'json') output.json(final);
  else printAnswer(final);
  if (final.state === 'done') return undefined;
  const code = final.error?.code ?? 'internal';
  const fault = new Fault(isFaultCode(code) ? code : 'internal', `${wanted.device} answers ${final.state}: ${final.error?.reason ?? 'no reason given'}${code === 'command-unsigned' && options.key === undefined ? '; sign it with --key FILE, an operator key that the policy names' : ''}`);
  // The answer is the one document on stdout; why it is no success goes beside it.
  if (options.output !== 'json') throw fault;
  output.fault(fault, 'table');
  process.exitCode = fault.exit;
  return undefined;
}

const LogResult = z.object({ lines: z.array(z.object({ stream: z.string(), text: z.string() })), dropped: z.number() });

/** Lines of an app as lines; any other result as it came. */
function printAnswer(final: CommandState): void {
  const log = LogResult.safeParse(final.result);
  if (final.state === 'done' && log.success) {
    for (const { stream, text } of log.data.lines) output.line(`${stream === 'stderr' ? 'e' : 'o'} ${text}`);
    if (log.data.dropped > 0) output.note(`${log.data.dropped} lines were dropped on the device`);
  } else output.line(`${final.state}${final.result ? ` ${plain(JSON.stringify(final.result))}` : ''}`);
}

/** Faults with `timed-out` unless an answer came first; the timer must not keep the process alive then. */
async function silence(device: string, timeoutS: number, answered: AbortSignal): Promise<never> {
  await systemClock.sleep(timeoutS * 1_000, answered).catch((error: unknown) => (answered.aborted ? undefined : Promise.reject(error)));
  throw new Fault('timed-out', `no answer from ${device} within ${timeoutS} s: is it online (pier device show ${device})?`);
}

function payloadOf(wanted: Wanted, { id, key, timeoutS }: { id: CommandId; key: string | undefined; timeoutS: number }): string {
  const body = { id, cmd: wanted.verb, args: wanted.args, ttl: timeoutS };
  if (key === undefined) return JSON.stringify(body);
  const payload = canonicalJson({ ...body, device: wanted.device, number: systemClock.nowMs() });
  return JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload, privatePem: readPrivateKey(key, 'operator key') }));
}

async function connect(dir: string, url: string | undefined): Promise<{ client: MqttClient } & AsyncDisposable> {
  const read = (name: string): string => readUserFile(join(dir, name), 'your certificate for MQTT (make one with "pier operator certificate")');
  const broker = url ?? read('mqtt.url').trim();
  const options: IClientOptions = { protocolVersion: 4, clean: true, key: read('operator.key'), cert: read('operator.crt'), ca: read('ca.crt'), clientId: `pier-${randomUUID()}`, reconnectPeriod: 0, connectTimeout: 10_000 };
  try {
    const { connectAsync } = await import('mqtt');
    const client = await connectAsync(broker, options, false);
    return { client, [Symbol.asyncDispose]: () => client.endAsync() };
  } catch (cause) {
    throw new Fault('unreachable', `the broker at ${broker} does not let us in: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

/** Resolves with the final state of the command; what is no command state is passed over. */
function answersOf(client: MqttClient, of: { device: DeviceId; id: CommandId }): Promise<CommandState> {
  const { promise, resolve } = Promise.withResolvers<CommandState>();
  client.on('message', (topic, payload) => {
    if (topics.commandState.parse(topic)?.id !== of.id) return;
    const state = CommandState.safeParse(tryParse(payload));
    if (state.success && isFinal(state.data.state)) resolve(state.data);
  });
  return promise;
}

function tryParse(payload: Uint8Array): unknown {
  try {
    return parseJson(payload, { what: 'answer' });
  } catch {
    // A device that sends nonsense is waited out; the time limit says the rest.
    return undefined;
  }
}
