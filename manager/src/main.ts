/** The manager's process: command line, signals, the ready line, exit status. */
import { join } from 'node:path';
import { apiPrefix } from '@pier/shared/api';
import { systemClock, systemRandom, toFault } from '@pier/shared/core';
import { processLog, shutdownSignal } from '@pier/shared/process';
import type { Credentials } from './access/index.ts';
import { type Config, readConfig } from './config.ts';
import { replaceFile } from '@pier/shared/disk';
import { type Manager, openManager } from './manager.ts';

const log = processLog('manager');
process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  const stop = shutdownSignal();
  try {
    const config = readConfig(argv, process.env);
    await using manager = await openManager(config, { clock: systemClock, random: systemRandom, log });
    if (!stop.aborted) sayReady(manager, config, await firstCredentials(manager, config));
    const stopped = new Promise<undefined>((resolve) => {
      if (stop.aborted) resolve(undefined);
      stop.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const lost = await Promise.race([stopped, manager.lost]);
    if (lost !== undefined) throw lost;
    log.info({}, 'manager.stopping');
    return 0;
  } catch (thrown) {
    const fault = toFault(thrown);
    log.error({ code: fault.code, error: fault.message, ...(fault.code === 'internal' ? { stack: fault.stack, cause: String(fault.cause) } : {}) }, 'manager.failed');
    process.stderr.write(`pier manager: ${fault.message}\n`);
    return fault.exit;
  }
}

/** The first administrator's credentials are said once: on the ready line where asked for, else in a file that only this user reads. */
async function firstCredentials(manager: Manager, config: Config): Promise<Credentials | undefined> {
  if (config.printCredentials) return manager.access.firstAdmin();
  const path = join(config.dataDir, 'credentials.json');
  const made = await manager.access.firstAdmin((credentials) => replaceFile({ path, bytes: `${JSON.stringify(credentials, null, 2)}\n`, mode: 0o600 }));
  if (made !== undefined) log.info({ file: path }, 'access.first-admin-made');
  return undefined;
}

function sayReady({ addresses, caFile }: Manager, { ready }: Config, credentials: Credentials | undefined): void {
  const { http, device, mqtt, registry } = addresses;
  const openapi = `${http}${apiPrefix}/openapi.json`;
  log.info({ http, device, mqtt }, 'manager.ready');
  if (ready !== 'json') return void process.stdout.write(`Pier is ready at ${http}${credentials === undefined ? '' : `\nuser ${credentials.user}, password ${credentials.password}\nAPI token ${credentials.token}`}\n`);
  const secrets = credentials && { registryCredentials: { user: 'token', password: credentials.token }, admin: credentials };
  process.stdout.write(`${JSON.stringify({ ready: true, http, device, mqtt, registry, ca: caFile, openapi, ...secrets })}\n`);
}

