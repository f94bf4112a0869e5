import type { AuditRecord, Rollout } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { type Case, apiOf, deviceOf, pier, until, wrong } from './look.ts';

const rolloutOf = (at: Case, id: string): Promise<Rollout> => apiOf(at).call('getRollout', { params: { id } });
const shown = (one: Rollout): string => `${one.state}${one.cause ? ` by ${one.cause}` : ''}${one.reason ? ` (${one.reason.code}: ${one.reason.reason})` : ''}; waves ${one.waves.map((wave) => `${wave.n} ${wave.state} ${JSON.stringify(wave.counts)}`).join(', ')}`;

/** The audit of all deployments of a rollout, oldest first. */
async function stepsOf(at: Case, id: string): Promise<{ device: string; action: string; id: number }[]> {
  const out: { device: string; action: string; id: number }[] = [];
  let cursor: string | undefined;
  do {
    const page: { items: AuditRecord[]; next: string | null } = await apiOf(at).call('listAudit', { query: { object: `deployment:${id}`, limit: 500, cursor } });
    out.push(...page.items.map((row) => ({ device: row.object.split('/').at(-1) ?? '', action: row.action, id: Number(row.id) })));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return out.toSorted((a, b) => a.id - b.id);
}

/** What the judge can say of a rollout: from the API and the CLI. */
export const rolloutClaims = {
  /** The rollout is in this state, for this cause. */
  rollout: async (at: Case, { id, state, cause }: { id: string; state: string; cause?: string }) => {
    let last = '';
    try {
      return await until(`rollout ${id} ${state}`, 90, async () => {
        const seen = await rolloutOf(at, id);
        last = shown(seen);
        return seen.state === state && (cause === undefined || seen.cause === cause) ? last : undefined;
      });
    } catch (thrown) {
      throw wrong(`${thrown instanceof Error ? thrown.message : String(thrown)}; last seen: ${last}`);
    }
  },

  /** The deployment of the device is in this state, with this code. */
  deployment: async (at: Case, { device, rollout, state, code }: { device: string; rollout: string; state: string; code?: string }) => {
    let last = '';
    try {
      return await until(`deployment ${state} with ${code ?? 'any code'}`, 60, async () => {
        const seen = (await deviceOf(at, device)).deployments.find((one) => one.rollout === rollout);
        last = `${seen?.state} ${seen?.reason?.code ?? ''} ${seen?.reason?.reason ?? ''}`;
        return seen?.state === state && (code === undefined || seen.reason?.code === code) ? last.trim() : undefined;
      });
    } catch (thrown) {
      throw wrong(`${thrown instanceof Error ? thrown.message : String(thrown)}; last seen: ${last}`);
    }
  },

  /** Nobody of a wave was offered anything before every device of the wave before was proven; waves are lists of devices. */
  wavesInOrder: async (at: Case, { id, waves }: { id: string; waves: readonly (readonly string[])[] }) => {
    const steps = await stepsOf(at, id);
    for (const [index, wave] of waves.entries()) {
      const next = waves[index + 1] ?? [];
      const firstOffer = steps.find((step) => next.includes(step.device) && step.action === 'deployment.offered')?.id ?? Number.POSITIVE_INFINITY;
      const lastProven = Math.max(...wave.map((device) => steps.find((step) => step.device === device && step.action === 'deployment.proven')?.id ?? Number.POSITIVE_INFINITY));
      if (next.length > 0 && !(lastProven < firstOffer)) throw wrong(`wave ${index + 2} was offered (audit ${firstOffer}) before wave ${index + 1} was proven (audit ${lastProven})`);
    }
    return `${waves.map((wave) => wave.length).join(' → ')}: each wave began after the one before was proven`;
  },

  /** Rolled back from the last wave to the first: no device of an earlier wave was begun before the later ones were back. */
  wavesBackwards: async (at: Case, { id, waves }: { id: string; waves: readonly (readonly string[])[] }) => {
    const steps = await stepsOf(at, id);
    for (const [index, wave] of waves.entries()) {
      const earlier = waves[index - 1] ?? [];
      const done = Math.max(...wave.map((device) => steps.find((step) => step.device === device && step.action === 'deployment.rolled_back')?.id ?? Number.POSITIVE_INFINITY));
      const begun = steps.find((step) => earlier.includes(step.device) && step.action === 'deployment.rolling_back')?.id ?? Number.POSITIVE_INFINITY;
      if (earlier.length > 0 && !(done < begun)) throw wrong(`wave ${index} began to roll back (audit ${begun}) before wave ${index + 1} was back (audit ${done})`);
    }
    return `rolled back ${waves.map((wave) => wave.length).toReversed().join(' → ')}, last wave first`;
  },

  /** None of these was ever offered it. */
  neverOffered: async (at: Case, { id, devices }: { id: string; devices: readonly string[] }) => {
    const touched = (await stepsOf(at, id)).find((step) => devices.includes(step.device) && step.action === 'deployment.offered');
    if (touched) throw wrong(`${touched.device} was offered it`);
    return `${devices.length} device(s) were never offered it`;
  },

  /** The counts by reason and the proven ones make up all of it. */
  explained: async (at: Case, { id, code }: { id: string; code: string }) =>
    until(`"pier rollout why ${id}" to name ${code}, with counts that add up`, 30, async () => {
      const ran = await pier(at, ['rollout', 'why', id, '-o', 'json']);
      if (ran.status !== 0) throw wrong(`pier rollout why ended with ${ran.status}: ${ran.stderr}`);
      const { total, proven, reasons } = JSON.parse(ran.stdout) as { total: number; proven: number; reasons: { code: string; count: number; sentence: string }[] };
      const sum = reasons.reduce((all, one) => all + one.count, 0);
      if (sum + proven !== total) throw wrong(`${proven} proven and ${sum} explained are not ${total}: ${ran.stdout}`);
      const found = reasons.find((one) => one.code === code);
      return found ? `${total} devices = ${proven} proven + ${reasons.map((one) => `${one.count} ${one.code}`).join(' + ')}` : undefined;
    }),

  /** The waves go on while the process that plays the story is stopped (SIGSTOP): nothing of the demo drives them. */
  advancesAlone: async (at: Case, { id, state }: { id: string; state: string }) => {
    const demo = process.ppid;
    process.kill(demo, 'SIGSTOP');
    const fromMs = systemClock.monotonicMs();
    try {
      const seen = await rolloutClaims.rollout(at, { id, state });
      return `with the demo's own process stopped for ${((systemClock.monotonicMs() - fromMs) / 1_000).toFixed(1)} s: ${seen}`;
    } finally {
      process.kill(demo, 'SIGCONT');
    }
  },
} as const;
