import type { Command } from 'commander';
import { type Common, openSession, output, withManager } from '../session/index.ts';
import { positive } from './words.ts';

/** `pier audit`: what was done and by whom. */
export function addAudit(program: Command): void {
  withManager(program.command('audit'))
    .description('what was done and by whom, newest first')
    .option('--actor <name>', 'only by this person, rollout, device or token')
    .option('--action <action>', 'only this, such as rollout.paused')
    .option('--object <object>', 'only about this, such as rollout:… or device:…')
    .option('--limit <n>', 'at most so many', positive, 50)
    .option('--cursor <cursor>', 'go on after a page')
    .action(async (options: Common & { actor?: string; action?: string; object?: string; limit: number; cursor?: string }) => {
      const { actor, action, object, limit, cursor } = options;
      const page = await openSession(options).api.call('listAudit', { query: { limit, cursor, actor, action, object } });
      if (options.output === 'json') return output.json(page);
      output.table(['AT', 'WHO', 'WHAT', 'ABOUT', 'DETAIL'], page.items.map((one) => [one.at, one.actor, one.action, one.object, JSON.stringify(one.detail)]));
      if (page.next !== null) output.note(`more: --cursor ${page.next}`);
    });
}
