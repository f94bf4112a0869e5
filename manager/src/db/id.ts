import type { Clock, Random } from '@pier/shared/core';

/** An id that sorts by the time it was made, so that "newest first" is "by id, descending". Not a secret. */
export function newId({ prefix, clock, random }: { prefix: string; clock: Clock; random: Random }): string {
  const time = clock.nowMs().toString(36).padStart(9, '0');
  const chance = Array.from({ length: 8 }, () => Math.floor(random() * 36).toString(36)).join('');
  return `${prefix}-${time}${chance}`;
}
