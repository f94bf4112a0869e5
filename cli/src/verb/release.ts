import type { Command } from 'commander';
import { Fault } from '@pier/shared/core';
import { parseReference, policyNameOf } from '@pier/shared/oci';
import { type Common, openSession, output, withManager } from '../session/index.ts';

/** `pier release create|list`: artifacts that the fleet may be given. */
export function addRelease(program: Command): void {
  const release = program.command('release').description('releases: an artifact under a version');
  withManager(release.command('create').argument('<reference>', 'repository@sha256:…'))
    .description("make a release of an artifact in the manager's registry")
    .action(async (text: string, options: Common) => {
      const reference = parseReference(text);
      if (reference.digest === undefined) throw new Fault('input-invalid', `${text} names no digest: a release is one artifact for ever, give repository@sha256:…`);
      if (reference.host !== undefined) throw new Fault('input-invalid', `${policyNameOf(reference)} is another registry; push the artifact to the manager's first`);
      const one = await openSession(options).api.call('createRelease', { body: { repository: reference.repository, digest: reference.digest } });
      if (options.output === 'json') output.json(one);
      else output.line(`release ${one.id}: ${one.app} ${one.version}, ${one.state}${one.reason ? ` (${one.reason.code}: ${one.reason.reason})` : ''}`);
      if (one.state === 'rejected') throw new Fault('release-unverified', `release ${one.id} is kept but cannot be rolled out: ${one.reason?.reason ?? 'its signatures do not satisfy the policy'}`);
    });
  withManager(release.command('list'))
    .description('releases, newest first')
    .action(async (options: Common) => {
      const page = await openSession(options).api.call('listReleases', {});
      if (options.output === 'json') return output.json(page);
      output.table(['RELEASE', 'APP', 'VERSION', 'STATE', 'DIGEST', 'REASON'], page.items.map((one) => [one.id, one.app, one.version, one.state, one.digest, one.reason?.reason ?? '']));
    });
}
