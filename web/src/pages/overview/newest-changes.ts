import type { AuditRecord } from '@pier/shared/api';

/** What follows from something else that is shown, or is no change. */
const noise = /^(?:wave\.(?:soaking|active)|rollout\.(?:stepped|joined)|session\.)/;

/** Of several pages of the audit, the newest that say something, each once. */
export function newestChanges(records: readonly AuditRecord[], max: number): AuditRecord[] {
  const once = new Map(records.map((record) => [record.id, record]));
  return [...once.values()].filter(({ action }) => !noise.test(action)).toSorted((a, b) => Number(b.id) - Number(a.id)).slice(0, max);
}
