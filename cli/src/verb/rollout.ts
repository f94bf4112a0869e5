import type { Command } from 'commander';
import { DeviceId, Fault, check, systemClock } from '@pier/shared/core';
import type { Deployment, Rollout } from '@pier/shared/api';
import { type Common, type Session, openSession, output, withManager } from '../session/index.ts';
import { notNegative, positive } from './token.ts';

const pollMs = 500;

/** `pier rollout start|show|watch`. `watch` ends with 0 when all is proven, 1 when the rollout failed, 124 when time is up. */
export function addRollout(program: Command): void {
  const rollout = program.command('rollout').description('staged rollouts');
  withManager(rollout.command('start').argument('<release>'))
    .description('roll a release out to devices')
    .requiredOption('--device <id...>', 'devices')
    .option('--soak <seconds>', 'how long a device must be well before it counts', notNegative, 60)
    .option('--deadline <seconds>', 'how long a device may take', positive, 600)
    .action(async (release: string, options: Common & { device: string[]; soak: number; deadline: number }) => {
      const devices = options.device.map((id) => check(DeviceId, id, { what: `device ${id}` }));
      const one = await openSession(options).api.call('createRollout', { body: { release, devices, soakS: options.soak, deadlineS: options.deadline } });
      if (options.output === 'json') output.json(one);
      else output.line(`rollout ${one.id}: ${one.app} ${one.version} to ${devices.length} device(s); follow it with: pier rollout watch ${one.id}`);
    });
  withManager(rollout.command('show').argument('<id>'))
    .description('one rollout and its devices')
    .action(async (id: string, options: Common) => {
      const seen = await look(openSession(options), id);
      if (options.output === 'json') return output.json({ ...seen.rollout, deployments: seen.deployments });
      output.line(sentence(seen.rollout));
      output.table(['DEVICE', 'STATE', 'ATTEMPT', 'REASON'], seen.deployments.map((one) => [one.device, one.state, String(one.attempt ?? '-'), one.reason ? `${one.reason.code}: ${one.reason.reason}` : '']));
    });
  withManager(rollout.command('watch').argument('<id>'))
    .description('follow a rollout to its end')
    .option('--timeout <seconds>', 'give up after', positive, 3_600)
    .action(async (id: string, options: Common & { timeout: number }) => watch(openSession(options), { id, timeoutS: options.timeout, json: options.output === 'json' }));
}

type Seen = { readonly rollout: Rollout; readonly deployments: readonly Deployment[] };

async function look(session: Session, id: string): Promise<Seen> {
  const rollout = await session.api.call('getRollout', { params: { id } });
  const page = await session.api.call('listDeployments', { params: { id }, query: { limit: 500 } });
  return { rollout, deployments: page.items };
}

async function watch(session: Session, { id, timeoutS, json }: { id: string; timeoutS: number; json: boolean }): Promise<void> {
  const endMs = systemClock.monotonicMs() + timeoutS * 1_000;
  let last = '';
  for (;;) {
    const seen = await look(session, id);
    const now = JSON.stringify([seen.rollout.state, seen.deployments.map((one) => [one.device, one.state, one.reason])]);
    if (now !== last) print(seen, json);
    last = now;
    if (seen.rollout.state === 'completed') return;
    if (seen.rollout.state === 'failed' || seen.rollout.state === 'aborted') throw new Fault('not-proven', sentence(seen.rollout));
    if (systemClock.monotonicMs() > endMs) throw new Fault('timed-out', `rollout ${id} is still ${seen.rollout.state} after ${timeoutS} s`);
    await systemClock.sleep(pollMs);
  }
}

function print(seen: Seen, json: boolean): void {
  if (json) return output.json({ ...seen.rollout, deployments: seen.deployments });
  output.line(sentence(seen.rollout));
  for (const one of seen.deployments) if (one.reason) output.line(`  ${one.device} ${one.state}: ${one.reason.code}: ${one.reason.reason}`);
}

function sentence(rollout: Rollout): string {
  const counts = rollout.waves.map((wave) => `wave ${wave.n} ${wave.state}: ${Object.entries(wave.counts).map(([state, n]) => `${n} ${state}`).join(', ')} of ${wave.total}`);
  return `rollout ${rollout.id} ${rollout.app} ${rollout.version} ${rollout.state}${rollout.reason ? ` (${rollout.reason.code}: ${rollout.reason.reason})` : ''}; ${counts.join('; ')}`;
}
