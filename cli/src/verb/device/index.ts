import type { Command } from 'commander';
import { parseSelector } from '@pier/shared/selector';
import { type Common, deviceArgument, deviceMeant, openSession, output, withManager } from '../../session/index.ts';
import { positive } from '../words.ts';
import { addDeviceChanges } from './change.ts';
import { addDeviceStreams } from './stream.ts';
import { showDevice, showWhy, wordsOf } from './show.ts';
import { standingWords, troubleOf } from './standing.ts';

type Listing = Common & { selector?: string; state?: 'pending' | 'active' | 'revoked'; online?: boolean; offline?: boolean; app?: string; search?: string; limit: number; cursor?: string };

/** `pier device …`: what the fleet is, what one device runs, why it does not, and what a person does to it. */
export function addDevice(program: Command): void {
  const device = program.command('device').description('devices');
  withManager(device.command('list'))
    .description('devices, by id')
    .option('-l, --selector <text>', 'only those that match, such as: site=harbour and not exists(spare)')
    .option('--state <state>', 'pending, active or revoked')
    .option('--online', 'only those that are there')
    .option('--offline', 'only those that are away')
    .option('--app <app>', 'only those that have this app')
    .option('--search <text>', 'only those with this in id or name')
    .option('--limit <n>', 'at most so many', positive, 50)
    .option('--cursor <cursor>', 'go on after a page')
    .action(list);
  withManager(device.command('show').argument(...deviceArgument))
    .description('one device: apps, why they wait, bindings, refusals')
    .action(async (word: string, options: Common) => {
      const { api } = openSession(options);
      const params = { device: await deviceMeant(api, word) };
      const one = await api.call('getDevice', { params });
      if (options.output === 'json') return output.json(one);
      showDevice(one, (await api.call('whyDevice', { params })).items);
    });
  withManager(device.command('why').argument(...deviceArgument).argument('[app]'))
    .description('why a device does not run what is wanted: every check, in order, with its evidence')
    .action(async (word: string, app: string | undefined, options: Common) => {
      const { api } = openSession(options);
      const params = { device: await deviceMeant(api, word) };
      const answer = await api.call('whyDevice', { params, query: { app } });
      if (options.output === 'json') return output.json(answer);
      const one = await api.call('getDevice', { params });
      const trouble = troubleOf(one);
      if (trouble !== undefined) output.said(trouble);
      if (answer.items.length === 0) output.line(`nothing is wanted of ${params.device}`);
      for (const why of answer.items) showWhy(why, !one.online);
    });
  addDeviceChanges(device);
  addDeviceStreams(device);
}

async function list(options: Listing): Promise<void> {
  if (options.selector !== undefined) parseSelector(options.selector);
  const online = options.online ? 'true' : options.offline ? 'false' : undefined;
  const { selector, state, app, search, limit, cursor } = options;
  const page = await openSession(options).api.call('listDevices', { query: { limit, cursor, selector, state, app, search, online } });
  if (options.output === 'json') return output.json(page);
  output.table(
    ['DEVICE', 'NAME', 'MODEL', 'STANDING', 'ONLINE', 'APPS', 'TAGS', 'LAST SEEN'],
    page.items.map((one) => [one.id, one.name, one.model, standingWords[one.standing], one.online ? 'yes' : 'no', one.apps.map((of) => `${of.app} ${of.version ?? '-'}${of.hold ? ` (${of.hold} by hand)` : ''}`).join(', ') || '-', wordsOf(one.tags) || '-', one.lastSeenAt ?? 'never']),
  );
  if (page.next !== null) output.note(`more: --cursor ${page.next}`);
}
