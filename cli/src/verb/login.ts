import type { Command } from 'commander';
import { type Common, openSession, output, withManager, writeProfile } from '../session/index.ts';

/** `pier login`: checks address and token, then remembers them. */
export function addLogin(program: Command): void {
  withManager(program.command('login'))
    .description('remember a manager and an API token, after trying them')
    .action(async (options: Common) => {
      const session = openSession(options);
      const me = await session.api.call('whoAmI', {});
      const file = await writeProfile(session.settings.home, { manager: session.url, token: session.token });
      if (options.output === 'json') output.json({ user: me.user, role: me.role, profile: file });
      else output.line(`logged in as ${me.user} (${me.role}); remembered in ${file}`);
    });
}
