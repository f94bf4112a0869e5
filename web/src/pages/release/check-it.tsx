import type { ReactNode } from 'react';
import type { Release } from '@pier/shared/api';
import { Command, Region } from '../../parts/index.ts';
import { shellWord } from '../../words/index.ts';

/** The same judgement as a device's, at one's own desk. */
export function CheckIt({ release: { repository, digest } }: { release: Release }): ReactNode {
  return (
    <Region title="Check it yourself">
      <Command text={`pier app verify ${shellWord(`${repository}@${digest}`)} --policy policy.json`} label="Judging the artifact as a device would" />
      <p className="small dim release-after">Judges the artifact by the code that devices use; status 0 accepted, 3 refused. <code>policy.json</code> is your own copy of the signed policy: one that this manager gives you would prove nothing against it.</p>
    </Region>
  );
}
