import type { Command } from 'commander';
import { AppName, check, systemClock } from '@pier/shared/core';
import type { Device, LogView } from '@pier/shared/api';
import { type Common, deviceArgument, deviceMeant, openSession, output, withManager } from '../../session/index.ts';
import { positive } from '../words.ts';

const pollMs = 1_000;

/** What a device says while somebody listens: logs, telemetry, events. */
export function addDeviceStreams(device: Command): void {
  withManager(device.command('logs').argument(...deviceArgument).argument('<app>'))
    .description("an app's last lines; the device sends them only while somebody reads")
    .option('-f, --follow', 'go on until interrupted', false)
    .option('--wait <seconds>', 'how long to wait for the first lines', positive, 5)
    .action(async (word: string, app: string, options: Common & { follow: boolean; wait: number }) => readLog(word, app, options));
  withManager(device.command('telemetry').argument(...deviceArgument).argument('[app]'))
    .description('what its apps measured, newest first')
    .option('--series <name>', 'only this one')
    .option('--since <seconds>', 'not older than', positive, 3_600)
    .action(async (word: string, app: string | undefined, options: Common & { series?: string; since: number }) => {
      const { api } = openSession(options);
      const answer = await api.call('getTelemetry', { params: { device: await deviceMeant(api, word) }, query: { app, series: options.series, sinceS: options.since, order: 'desc' } });
      if (options.output === 'json') return output.json(answer);
      output.table(['AT', 'APP', 'SERIES', 'VALUE', 'UNIT'], answer.items.map((one) => [one.at, one.app, one.series, String(one.value), one.unit]));
    });
  withManager(device.command('events').argument(...deviceArgument))
    .description('what the device told, newest first: ends with their last lines, refusals, overrides')
    .option('--app <app>', 'only of this app')
    .option('--limit <n>', 'at most so many', positive, 20)
    .action(async (word: string, options: Common & { app?: string; limit: number }) => {
      const { api } = openSession(options);
      const page = await api.call('listEvents', { params: { device: await deviceMeant(api, word) }, query: { limit: options.limit, app: options.app } });
      if (options.output === 'json') return output.json(page);
      for (const one of page.items) {
        output.said(`${one.at} ${one.type}${one.app === null ? '' : ` ${one.app}`}${one.code === null ? '' : ` ${one.code}: ${one.reason ?? ''}`}${one.safeMs === null ? '' : ` (outputs safe after ${one.safeMs.toFixed(1)} ms)`}`);
        for (const text of one.lastOutput) output.said(`    | ${text}`);
      }
    });
}

/** Why there was nothing to show. */
export function silenceOf({ id, online, lastSeenAt, apps }: Pick<Device, 'id' | 'online' | 'lastSeenAt' | 'apps'>, { app, waitS }: { readonly app: string; readonly waitS: number }): string {
  const none = `no line of ${app} came within ${waitS} s`;
  if (!online) return `${none}: ${id} is offline${lastSeenAt === null ? '' : ` since ${lastSeenAt}`}`;
  const runs = apps.some((one) => one.app === app && one.version !== null);
  return runs ? `${none}: ${id} is online and runs it; the app has written nothing yet` : `${none}: ${id} is online and does not run it; see pier device why ${id} ${app}`;
}

type LogOptions = Common & { follow: boolean; wait: number };

async function readLog(word: string, app: string, options: LogOptions): Promise<void> {
  const { api } = openSession(options);
  const name = check(AppName, app, { what: 'app' });
  const params = { device: await deviceMeant(api, word), app: name };
  const endMs = systemClock.monotonicMs() + options.wait * 1_000;
  let [after, seen]: [string | undefined, number] = [undefined, 0];
  for (;;) {
    const answer: LogView = await api.call('getLog', { params, query: { after, limit: 1_000 } });
    for (const one of answer.lines) {
      if (options.output === 'json') output.json(one);
      else output.said(`${one.at} ${one.stream === 'stderr' ? 'e' : 'o'} ${one.text}`);
    }
    seen += answer.lines.length;
    after = answer.next;
    if (!options.follow && (seen > 0 || systemClock.monotonicMs() > endMs)) {
      if (answer.dropped > 0) output.note(`${answer.dropped} lines were dropped on the way`);
      if (seen === 0) output.note(silenceOf(await api.call('getDevice', { params: { device: params.device } }), { app: params.app, waitS: options.wait }));
      return;
    }
    await systemClock.sleep(pollMs);
  }
}
