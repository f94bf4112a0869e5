import type { Command } from 'commander';
import { type Common, openSession, output, withManager } from '../session/index.ts';
import { counted, pairs, positive } from './words.ts';

/** `pier token create|list|revoke`: what a new device needs to enrol; shown once. */
export function addToken(program: Command): void {
  const token = program.command('token').description('claim tokens with which devices enrol');
  withManager(token.command('create'))
    .description('make a claim token; it is shown once')
    .option('--uses <n>', 'how many devices may enrol with it', positive, 1)
    .option('--expires-in <seconds>', 'life time', positive, 86_400)
    .option('--tag <key=value>', 'tag for the devices (repeatable)', pairs, {})
    .option('--approval', 'each device waits until somebody approves it', false)
    .action(async (options: Common & { uses: number; expiresIn: number; tag: Record<string, string>; approval: boolean }) => {
      const answer = await openSession(options).api.call('createToken', { body: { uses: options.uses, expiresInS: options.expiresIn, tags: options.tag, approval: options.approval } });
      if (options.output === 'json') return output.json(answer);
      output.line(answer.token);
      output.note(`for ${counted(answer.uses, 'device')} until ${answer.expiresAt}; on the board: pier agent start --data DIR --manager URL --token …`);
    });  withManager(token.command('list'))
    .description('claim tokens, newest first; the secrets are not kept')
    .action(async (options: Common) => {
      const page = await openSession(options).api.call('listTokens', {});
      if (options.output === 'json') return output.json(page);
      output.table(['TOKEN', 'USED', 'APPROVAL', 'TAGS', 'EXPIRES', 'BY'], page.items.map((one) => [one.id, `${one.uses}/${one.usesMax}`, one.approval ? 'yes' : 'no', words(one.tags), one.expiresAt, one.createdBy]));
    });
  withManager(token.command('revoke').argument('<id>'))
    .description('end a claim token; devices that came with it stay')
    .action(async (id: string, options: Common) => {
      await openSession(options).api.call('revokeToken', { params: { id } });
      if (options.output === 'json') output.json({ id, revoked: true });
      else output.line(`token ${id} lets nobody in any more`);
    });
}

const words = (tags: Readonly<Record<string, string>>): string => Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(' ');
