import type { Command } from 'commander';
import type { RolloutAct, RolloutVerb } from '@pier/shared/api';
import { type Common, devicesMeant, openSession, output, withManager } from '../../session/index.ts';
import { positive } from '../words.ts';
import { headline } from './progress.ts';

type Options = Common & { remark?: string; dryRun: boolean };
type Simple = Exclude<RolloutVerb, 'exclude' | 'retry' | 'set_cap'>;

const simple: Readonly<Record<Simple, { readonly word: string; readonly description: string }>> = {
  approve: { word: 'approve', description: 'let a rollout begin that waits for a second person' },
  deny: { word: 'deny', description: 'end a rollout that waits for approval' },
  pause: { word: 'pause', description: 'offer nothing more; devices at work finish' },
  resume: { word: 'resume', description: 'go on after a pause' },
  advance: { word: 'advance', description: 'open the next wave though the present one has not passed' },
  abort: { word: 'abort', description: 'end it: offers are taken back, what runs stays' },
  roll_back: { word: 'rollback', description: 'bring every device back to what it ran before, last wave first' },
};

/** The verbs that change a rollout. Each says first how many devices it hits, and is done only to the revision that this was said of. */
export function addRolloutActs(rollout: Command): void {
  for (const [verb, { word, description }] of Object.entries(simple) as [Simple, (typeof simple)[Simple]][])
    withAct(rollout.command(word).argument('<id>'))
      .description(description)
      .action((id: string, options: Options) => actOn(id, { verb }, options));
  withAct(rollout.command('retry').argument('<id>').argument('[devices...]', 'by id or name; all that ended badly, unless named'))
    .description('let devices that failed, refused or timed out try again')
    .action(async (id: string, words: string[], options: Options) => actOn(id, { verb: 'retry', ...(words.length > 0 && { devices: await named(words, options) }) }, options));
  withAct(rollout.command('exclude').argument('<id>').argument('<devices...>', 'by id or name'))
    .description('leave devices out of a rollout')
    .action(async (id: string, words: string[], options: Options) => actOn(id, { verb: 'exclude', devices: await named(words, options) }, options));
  withAct(rollout.command('cap').argument('<id>').argument('<n>', 'devices at work at once', positive))
    .description('change how many devices may be at work at once')
    .action((id: string, maxInFlight: number, options: Options) => actOn(id, { verb: 'set_cap', maxInFlight }, options));
}

function withAct(command: Command): Command {
  return withManager(command).option('--remark <text>', 'why; kept in the audit').option('--dry-run', 'only say what it would do', false);
}

/** More than so many devices are not previewed by name; the verb then says what it would do to all. */
const previewMax = 500;

const named = async (words: readonly string[], options: Options) => devicesMeant(openSession(options).api, words);

async function actOn(id: string, act: RolloutAct, options: Options): Promise<void> {
  const { api } = openSession(options);
  const ids = 'devices' in act && act.devices !== undefined && act.devices.length <= previewMax ? act.devices.join(',') : undefined;
  const { revision, items } = await api.call('previewRollout', { params: { id }, query: { devices: ids } });
  const preview = items.find((one) => one.verb === act.verb);
  if (options.dryRun && options.output === 'json') return output.json(preview);
  // Why it is not possible is told by the refusal.
  if (preview && (preview.possible || options.dryRun)) output.note(preview.sentence);
  if (options.dryRun) return undefined;
  const after = await api.call('actOnRollout', { params: { id }, ifMatch: revision, body: { ...act, ...(options.remark !== undefined && { remark: options.remark }) } });
  if (options.output === 'json') output.json(after);
  else output.line(headline(after));
  return undefined;
}
