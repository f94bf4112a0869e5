import type { ReactNode } from 'react';
import { duration } from '../../words/index.ts';
import type { Since } from './record.ts';

/** How long a level is what it is, in the words of the record. */
export function SinceWords({ since }: { since: Since }): ReactNode {
  if (since === undefined) return 'no change in the record';
  return since.isAtLeast ? `for more than ${duration(since.ms)}` : `for ${duration(since.ms)}`;
}
