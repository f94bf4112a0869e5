import type { Command } from 'commander';
import { type Common, openSession, output, withManager } from '../../session/index.ts';
import { positive } from '../words.ts';
import { addRolloutActs } from './act.ts';
import { headline, picture } from './progress.ts';
import { addRolloutStart } from './start.ts';
import { watchRollout } from './watch.ts';

/** `pier rollout …`: start, list, show, watch, why, and the verbs that change one. */
export function addRollout(program: Command): void {
  const rollout = program.command('rollout').description('staged rollouts');
  addRolloutStart(rollout);
  withManager(rollout.command('list'))
    .description('rollouts, newest first')
    .option('--app <app>', 'only of this app')
    .option('--limit <n>', 'at most so many', positive, 20)
    .option('--cursor <cursor>', 'go on after a page')
    .action(async (options: Common & { app?: string; limit: number; cursor?: string }) => {
      const page = await openSession(options).api.call('listRollouts', { query: { limit: options.limit, cursor: options.cursor, app: options.app } });
      if (options.output === 'json') return output.json(page);
      output.table(['ROLLOUT', 'APP', 'VERSION', 'STATE', 'WAVES', 'STARTED', 'BY'], page.items.map((one) => [one.id, one.app, one.version, one.state, `${one.waves.filter((wave) => wave.state === 'passed').length}/${one.waves.length}`, one.createdAt, one.createdBy]));
      if (page.next !== null) output.note(`more: --cursor ${page.next}`);
    });
  withManager(rollout.command('show').argument('<id>'))
    .description('one rollout, its waves and its devices')
    .action(async (id: string, options: Common) => show(id, options));
  withManager(rollout.command('watch').argument('<id>'))
    .description('follow a rollout to its end: 0 completed, 1 stopped or rolled back, 124 time is up')
    .option('--timeout <seconds>', 'give up after', positive, 86_400)
    .action(async (id: string, options: Common & { timeout: number }) => watchRollout(openSession(options), { id, timeoutS: options.timeout, json: options.output === 'json' }));
  withManager(rollout.command('why').argument('<id>'))
    .description('its devices that are not proven, by reason')
    .action(async (id: string, options: Common) => why(id, options));
  withManager(rollout.command('preview').argument('<id>'))
    .description('what each verb would do to it now')
    .action(async (id: string, options: Common) => {
      const answer = await openSession(options).api.call('previewRollout', { params: { id } });
      if (options.output === 'json') return output.json(answer);
      output.table(['VERB', 'POSSIBLE', 'DEVICES', 'WHAT'], answer.items.map((one) => [one.verb, one.possible ? 'yes' : 'no', String(one.devices), one.sentence]));
    });
  addRolloutActs(rollout);
}

async function show(id: string, options: Common): Promise<void> {
  const { api } = openSession(options);
  const rollout = await api.call('getRollout', { params: { id } });
  const deployments = await api.call('listDeployments', { params: { id }, query: { limit: 500 } });
  if (options.output === 'json') return output.json({ ...rollout, deployments: deployments.items });
  for (const line of picture(rollout)) output.line(line);
  output.line('');
  output.table(['DEVICE', 'WAVE', 'STATE', 'ATTEMPT', 'REASON'], deployments.items.map((one) => [one.device, String(one.wave), one.state, String(one.attempt ?? '-'), one.reason ? `${one.reason.code}: ${one.reason.reason}` : '']));
  if (deployments.next !== null) output.note('these are the first 500 devices; the others are under /api/v1/rollouts/ID/deployments');
}

async function why(id: string, options: Common): Promise<void> {
  const { api } = openSession(options);
  const answer = await api.call('whyRollout', { params: { id } });
  if (options.output === 'json') return output.json(answer);
  output.line(`${headline(await api.call('getRollout', { params: { id } }))}: ${answer.proven} of ${answer.total} proven`);
  if (answer.reasons.length === 0) return;
  output.table(['DEVICES', 'CODE', 'WHY', 'WHAT TO DO', 'SUCH AS'], answer.reasons.map((one) => [String(one.count), one.code, one.sentence, one.remedy ?? '-', one.devices.slice(0, 3).join(', ')]));
}
