/**
 * What happens to the assignment when a deployment ends badly:
 * - failed, refused: it goes back to the device's last good release under a new attempt, so that desired says what runs there
 *   (the device adopts it without a restart). Without a last good one it stays: the device holds still until a new attempt.
 * - offered and not taken up, or taken back: it goes back to what the device says it runs, save what a technician put there for
 *   a time: then to its last good one.
 * - timed out: it stays. The device may be half way; whatever it ends with is its own last good, and a retry or a roll back decides.
 */
import type { Digest } from '@pier/shared/core';
import type { ReportedApp } from '@pier/shared/wire';

/** Which release an assignment goes back to: a digest, `keep` for none, or `remove` where nothing of the app is there. */
export type FallBack = { readonly to: Digest } | 'keep' | 'remove';

export function fallBack(ended: 'failed' | 'refused' | 'withdrawn', offered: string, reported: ReportedApp | undefined): FallBack {
  const { running, lastGood, previousGood, hold } = reported ?? {};
  if (ended === 'withdrawn') {
    const before = (hold?.kind === 'deployed' ? undefined : running?.digest) ?? lastGood?.digest;
    if (before === undefined) return 'remove';
    return before === offered ? 'keep' : { to: before };
  }
  // Proven here and failed later: until the device has made another its last good, the one before is what it goes back to.
  const before = lastGood?.digest === offered ? previousGood?.digest : lastGood?.digest;
  return before === undefined || before === offered ? 'keep' : { to: before };
}

/**
 * Where a roll back of this device would go to, noted at its first offer: what it ran well before. Never the release that is
 * rolled back: a device that ran it already goes back to the good one before; null takes the app off.
 */
export function wayBack(offered: string, reported: ReportedApp | undefined): string | null {
  const { lastGood, previousGood } = reported ?? {};
  const before = lastGood?.digest === offered ? previousGood : lastGood;
  return before === undefined || before.digest === offered ? null : before.digest;
}
