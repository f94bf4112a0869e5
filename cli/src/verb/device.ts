import type { Command } from 'commander';
import { DeviceId, check } from '@pier/shared/core';
import type { DeviceDetail } from '@pier/shared/api';
import { type Common, openSession, output, withManager } from '../session/index.ts';
import { positive } from './token.ts';

/** `pier device list|show`: what the fleet is, and what one device runs and refused. */
export function addDevice(program: Command): void {
  const device = program.command('device').description('devices');
  withManager(device.command('list'))
    .description('devices, by id')
    .option('--limit <n>', 'at most so many', positive, 50)
    .option('--cursor <cursor>', 'go on after a page')
    .action(async (options: Common & { limit: number; cursor?: string }) => {
      const page = await openSession(options).api.call('listDevices', { query: { limit: options.limit, cursor: options.cursor } });
      if (options.output === 'json') return output.json(page);
      output.table(['DEVICE', 'MODEL', 'STATE', 'ONLINE', 'LAST SEEN', 'AGENT'], page.items.map((one) => [one.id, one.model, one.state, one.online ? 'yes' : 'no', one.lastSeenAt ?? 'never', one.agent ?? '-']));
      if (page.next !== null) output.note(`more: --cursor ${page.next}`);
    });
  withManager(device.command('show').argument('<device>'))
    .description('one device: apps, bindings, refusals')
    .action(async (id: string, options: Common) => {
      const one = await openSession(options).api.call('getDevice', { params: { device: check(DeviceId, id, { what: 'device' }) } });
      if (options.output === 'json') return output.json(one);
      show(one);
    });
}

function show(one: DeviceDetail): void {
  output.line(`${one.id}  ${one.model}  ${one.online ? 'online' : `offline, last seen ${one.lastSeenAt ?? 'never'}`}  agent ${one.agent ?? '-'}  rev ${one.rev}`);
  if (one.reported?.desiredRefused) output.line(`refuses the newest desired document: ${one.reported.desiredRefused.code}: ${one.reported.desiredRefused.reason}`);
  const apps = Object.entries(one.reported?.apps ?? {});
  if (apps.length > 0) {
    output.line('');
    output.table(
      ['APP', 'RUNS', 'ATTEMPT', 'STATE', 'RESTARTS', 'REASON'],
      apps.map(([name, app]) => [name, app.running?.version ?? '-', String(app.attempt ?? '-'), app.state ?? '-', String(app.running?.restarts ?? 0), app.reason ? `${app.reason.code}: ${app.reason.reason}` : '']),
    );
  }
  if (one.refusals.length > 0) {
    output.line('');
    output.table(['REFUSED AT', 'WHAT', 'APP', 'CODE', 'WHY'], one.refusals.map((row) => [row.at, row.type, row.app ?? '-', row.code, row.reason]));
  }
}
