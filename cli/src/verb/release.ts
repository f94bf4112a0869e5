import type { Command } from 'commander';
import { Fault } from '@pier/shared/core';
import { parseReference, policyNameOf } from '@pier/shared/oci';
import { type Common, openSession, output, withManager } from '../session/index.ts';

/** `pier release create|list|show|diff|withdraw`: artifacts that the fleet may be given. */
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
    .option('--app <app>', 'only of this app')
    .action(async (options: Common & { app?: string }) => {
      const page = await openSession(options).api.call('listReleases', { query: { app: options.app } });
      if (options.output === 'json') return output.json(page);
      output.table(['RELEASE', 'APP', 'VERSION', 'STATE', 'DIGEST', 'REASON'], page.items.map((one) => [one.id, one.app, one.version, one.state, one.digest, one.reason?.reason ?? '']));
    });  withManager(release.command('show').argument('<id>'))
    .description('one release: state, signers, what it may do')
    .action(async (id: string, options: Common) => {
      const one = await openSession(options).api.call('getRelease', { params: { id } });
      if (options.output === 'json') return output.json(one);
      output.line(`${one.id}  ${one.app} ${one.version} (counter ${one.counter})  ${one.state}${one.reason ? `: ${one.reason.code}: ${one.reason.reason}` : ''}`);
      output.line(`${one.repository}@${one.digest}  ${one.sizeBytes} bytes, signed by ${one.signedBy.join(', ') || 'nobody'}`);
      for (const sentence of one.permissions) output.line(`  - ${sentence}`);
    });
  withManager(release.command('diff').argument('<from>').argument('<to>'))
    .description('what a release asks for beyond another one')
    .action(async (from: string, to: string, options: Common) => {
      const answer = await openSession(options).api.call('compareRelease', { params: { id: to }, query: { from } });
      if (options.output === 'json') return output.json(answer);
      for (const sentence of answer.added) output.line(`+ ${sentence}`);
      for (const sentence of answer.removed) output.line(`- ${sentence}`);
      for (const { before, after } of answer.changed) output.line(`~ ${before}  =>  ${after}`);
      if (answer.added.length + answer.removed.length + answer.changed.length === 0) output.line('both ask for the same');
    });
  withManager(release.command('withdraw').argument('<id>'))
    .description('take a release back: it is offered no more, running rollouts of it pause; what runs stays')
    .option('--remark <text>', 'why; kept in the audit')
    .action(async (id: string, options: Common & { remark?: string }) => {
      const one = await openSession(options).api.call('withdrawRelease', { params: { id }, body: { ...(options.remark !== undefined && { remark: options.remark }) } });
      if (options.output === 'json') output.json(one);
      else output.line(`release ${one.id} (${one.app} ${one.version}) is withdrawn`);
    });
}
