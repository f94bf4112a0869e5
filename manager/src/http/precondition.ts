/** Changes that are decided on what was seen (RFC 9110, §13.1.1): who was slower than somebody else is told, and overwrites nothing. */
import { Fault } from '@pier/shared/core';

/**
 * The revision that If-Match names; undefined for `*`. Faults: `revision-required` without the header, `input-invalid` for
 * anything that is no ETag of ours.
 */
export function revisionOf(header: string | undefined): number | undefined {
  if (header === undefined) throw new Fault('revision-required', 'If-Match is missing: name the revision that this was decided on, as If-Match: "7" (the ETag of the last answer), or If-Match: * for whatever it is now');
  const text = header.trim();
  if (text === '*') return undefined;
  const revision = Number(/^"(\d{1,15})"$/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(revision)) throw new Fault('input-invalid', `If-Match: expected one revision in quotes, such as "7", or *, got ${text.slice(0, 64)}`);
  return revision;
}

/** The ETag of an answer that carries a revision. */
export function entityTagOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('revision' in answer)) return undefined;
  return Number.isInteger(answer.revision) ? `"${String(answer.revision)}"` : undefined;
}
