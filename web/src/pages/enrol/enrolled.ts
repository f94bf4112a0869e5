import type { AuditRecord } from '@pier/shared/api';

export const dayMs = 86_400_000;

export type Enrolled = { readonly device: string; readonly model: string | undefined; readonly token: string | undefined; readonly by: string | undefined; readonly at: string };

/**
 * Who joined since then, newest first, as the audit has it: those that a token let in by itself, and those that a person
 * approved, whose model and token stand with their asking.
 */
export function enrolledOf({ alone, approved, asked, sinceMs }: { readonly alone: readonly AuditRecord[]; readonly approved: readonly AuditRecord[]; readonly asked: readonly AuditRecord[]; readonly sinceMs: number }): Enrolled[] {
  const askedBy = new Map(asked.map((entry) => [entry.object, entry]));
  const rows = [
    ...alone.map((entry): Enrolled => ({ device: deviceOf(entry), ...originOf(entry), by: undefined, at: entry.at })),
    ...approved.map((entry): Enrolled => ({ device: deviceOf(entry), ...originOf(askedBy.get(entry.object)), by: entry.actor, at: entry.at })),
  ];
  return rows.filter(({ at }) => Date.parse(at) >= sinceMs).toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

const deviceOf = ({ object }: AuditRecord): string => object.replace(/^device:/, '');

function originOf(entry: AuditRecord | undefined): Pick<Enrolled, 'model' | 'token'> {
  const model = entry?.detail['model'];
  return { model: typeof model === 'string' ? model : undefined, token: entry?.actor.startsWith('token:') === true ? entry.actor.slice('token:'.length) : undefined };
}
