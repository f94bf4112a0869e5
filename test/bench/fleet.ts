import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '@pier/shared/core';
import { openPostgres } from '../../manager/src/db/embedded/index.ts';
import { processesOf } from '../support/processes.ts';
import { openWorld, until } from '../support/world.ts';
import type { Row } from './summary.ts';
import { cpuSecondsOf } from './usage.ts';

const idleS = 60;

/**
 * So many devices over mutual TLS, idle with a heartbeat a minute: what manager and PostgreSQL use; then the manager is killed and
 * started again, and all come back. They wait for 1 to 3 s before they do, where a real device waits for up to 10.
 */
export async function fleet(devices: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pier-bench-db-'));
  try {
    await using server = await openPostgres({ folder: join(folder, 'postgres'), clock: systemClock, log: silentLog });
    const { host, port, user, password, database } = server.connection;
    await using world = await openWorld({ DATABASE_URL: `postgres://${user}:${password}@${host}:${port}/${database}` });
    await world.stage.startFleet({ boards: devices, manager: world.manager.device, token: await world.token({ uses: devices, expiresInS: 3_600 }) });
    await systemClock.sleep(5_000);
    const used = () => ({ manager: cpuSecondsOf(world.managerPid), database: cpuSecondsOf(server.pid()) });
    const before = used();
    await systemClock.sleep(idleS * 1_000);
    const after = used();
    const percent = (what: keyof typeof before): number => ((after[what] - before[what]) / idleS) * 100;
    const name = (what: string): string => `${devices} devices idle, a heartbeat a minute: ${what}`;
    return [
      { name: name('CPU of manager with broker'), unit: '% of a core', values: [percent('manager')] },
      { name: name('CPU of PostgreSQL'), unit: '% of a core', values: [percent('database')] },
      { name: `${devices} devices: manager killed and started again → all connected`, unit: 's', values: [await returnS(world, devices)] },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function returnS(world: Awaited<ReturnType<typeof openWorld>>, devices: number): Promise<number> {
  const mark = join(world.dir, 'manager');
  for (const one of processesOf(mark)) process.kill(one.pid, 'SIGKILL');
  await until('the manager gone', () => processesOf(mark).length === 0 || undefined);
  const fromMs = systemClock.monotonicMs();
  await world.stage.startManager();
  const port = Number(new URL(world.manager.mqtt).port);
  await until('all devices back', () => connectionsAt(port) >= devices || undefined, 300_000);
  return (systemClock.monotonicMs() - fromMs) / 1_000;
}

/** Established TCP connections whose near end is this port (proc_net(5)): the server's side of each. */
function connectionsAt(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((row) => row.trim().split(/\s+/));
  return rows.filter(([, near = '', , state]) => near.endsWith(local) && state === '01').length;
}
