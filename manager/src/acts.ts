/** What the manager's process does: signals, the ready line, the exit status. */
import { apiPrefix } from '@pier/shared/api';
import { silentLog, systemClock, systemRandom, toFault } from '@pier/shared/core';
import { processLog } from '@pier/shared/process';
import type { Credentials } from './access/index.ts';
import { backUp, restore } from './backup/index.ts';
import type { Asked, Config } from './config.ts';
import { type Manager, openManager } from './manager.ts';

const log = processLog('manager');

/** Does what was asked for, until it is done or a signal ends it; gives the exit status. */
export async function act(asked: Asked, stop: AbortSignal): Promise<number> {
  if (asked.verb !== 'start') return keep(asked, stop);
  try {
    return await serve(asked.config, stop);
  } catch (thrown) {
    const fault = toFault(thrown);
    log.error({ code: fault.code, error: fault.message, ...(fault.code === 'internal' ? { stack: fault.stack, cause: String(fault.cause) } : {}) }, 'manager.failed');
    process.stderr.write(`pier manager: ${fault.message}\n`);
    return fault.exit;
  }
}

/** A manager, from its opening until a signal, or until it has lost what it cannot do without. */
async function serve(config: Config, stop: AbortSignal): Promise<number> {
  await using manager = await openManager(config, { clock: systemClock, random: systemRandom, log });
  if (!stop.aborted) sayReady(manager, config, await firstWord(manager, config));
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const lost = await Promise.race([stopped, manager.lost]);
  if (lost !== undefined) throw lost;
  log.info({}, 'manager.stopping');
  return 0;
}

type Kept = Exclude<Asked, { verb: 'start' }>;

/** Takes a backup or puts one back: what happens is told on stderr, what came of it on stdout. */
async function keep(asked: Kept, signal: AbortSignal): Promise<number> {
  const { dataDir, databaseUrl: url, output } = asked.config;
  const about = { dataDir, url, clock: systemClock, log: silentLog, say: (line: string): void => void process.stderr.write(`${line}\n`) };
  const answer = (summary: object, words: string): void => void process.stdout.write(output === 'json' ? `${JSON.stringify(summary)}\n` : `${words}\n`);
  try {
    return await kept(asked, { about, answer }, signal);
  } catch (thrown) {
    const { code, message, exit } = toFault(thrown);
    if (output === 'json') process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    process.stderr.write(`pier manager: ${code}: ${message}\n`);
    return exit;
  }
}

type Keeping = { readonly about: Omit<Parameters<typeof backUp>[0], 'to' | 'withoutBlobs'>; readonly answer: (summary: object, words: string) => void };

async function kept(asked: Kept, { about, answer }: Keeping, signal: AbortSignal): Promise<number> {
  if (asked.verb === 'backup') {
    const done = await backUp({ ...about, to: asked.config.to, withoutBlobs: asked.config.withoutBlobs }, signal);
    answer(done, `${done.file}: ${done.sizeBytes} bytes. It holds the CA's key, the scheduler's key and the hashes of passwords and tokens: whoever reads it can pass for this manager. Keep it as you keep a private key.`);
    return 0;
  }
  const done = await restore({ ...about, from: asked.config.from, force: asked.config.force }, signal);
  const aside = done.aside === null ? '' : ` What was there lies in ${done.aside}, with its keys; remove it once all is well.`;
  const blobs = done.blobs ? '' : ' The registry was not backed up: push its artifacts again.';
  answer(done, `${done.dataDir} is as it was at ${done.madeAt}.${aside}${blobs} Start the manager as before; devices take what it says from then on.`);
  return 0;
}

/** How the first person gets in, when there is none yet: with credentials on the ready line where asked for, else with a code that only the log says. */
type FirstWord = { readonly credentials?: Credentials | undefined; readonly setupCode?: string | undefined };

async function firstWord({ access, addresses }: Manager, { printCredentials }: Config): Promise<FirstWord> {
  if (printCredentials) return { credentials: await access.firstAdmin() };
  const setupCode = await access.newSetupCode();
  if (setupCode === undefined) return {};
  log.info({ setupCode, http: addresses.http }, 'access.setup-code');
  process.stderr.write(`pier manager: nobody has an account yet; open ${addresses.http} and set up this manager with the code ${setupCode}\n`);
  return { setupCode };
}

function sayReady({ addresses, caFile }: Manager, { ready }: Config, { credentials, setupCode }: FirstWord): void {
  const { http, device, mqtt, registry } = addresses;
  const openapi = `${http}${apiPrefix}/openapi.json`;
  log.info({ http, device, mqtt }, 'manager.ready');
  if (ready !== 'json') {
    const inWith = credentials === undefined ? '' : `\nuser ${credentials.user}, password ${credentials.password}\nAPI token ${credentials.token}`;
    const todo = setupCode === undefined ? '' : `; no account yet: open it and use the setup code ${setupCode}`;
    return void process.stdout.write(`Pier is ready at ${http}${todo}${inWith}\n`);
  }
  const secrets = credentials && { registryCredentials: { user: 'token', password: credentials.token }, admin: credentials };
  process.stdout.write(`${JSON.stringify({ ready: true, http, device, mqtt, registry, ca: caFile, openapi, ...secrets })}\n`);
}
