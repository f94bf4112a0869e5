import { Fault, isoTime, systemClock, toFault } from '@pier/shared/core';
import type { Rollout } from '@pier/shared/api';
import { type Session, output } from '../../session/index.ts';
import { headline, oneLine, picture, verdictOf } from './progress.ts';

const pollMs = 500;

/**
 * Follows a rollout to its end: drawn anew in a terminal, a line for each change elsewhere, of JSON if asked for. A manager that is away for a
 * while is waited for. Faults: `not-proven` when it ends badly or a gate stopped it, `timed-out` after `timeoutS`.
 */
export async function watchRollout(session: Session, { id, timeoutS, json }: { id: string; timeoutS: number; json: boolean }): Promise<void> {
  const endMs = systemClock.monotonicMs() + timeoutS * 1_000;
  using screen = output.screen();
  let last = '';
  for (;;) {
    const rollout = await look(session, { id, endMs });
    const now = json ? JSON.stringify(rollout) : screen.isTerminal ? picture(rollout).join('\n') : oneLine(rollout);
    if (now !== last) {
      if (json) output.json(rollout);
      else if (screen.isTerminal) screen.draw(picture(rollout));
      else output.said(`${isoTime(systemClock.nowMs())} ${now}`);
    }
    last = now;
    const verdict = verdictOf(rollout);
    if (verdict === 'well') return;
    if (verdict === 'badly') throw new Fault('not-proven', `${headline(rollout)}; see who and why with: pier rollout why ${id}`);
    if (systemClock.monotonicMs() > endMs) throw new Fault('timed-out', `rollout ${id} is still ${rollout.state} after ${timeoutS} s; it goes on without being watched`);
    await systemClock.sleep(pollMs);
  }
}

async function look(session: Session, { id, endMs }: { id: string; endMs: number }): Promise<Rollout> {
  for (;;) {
    try {
      return await session.api.call('getRollout', { params: { id } });
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== 'unreachable' || systemClock.monotonicMs() > endMs) throw fault;
      await systemClock.sleep(pollMs);
    }
  }
}
