import type { ReactNode } from 'react';
import type { Release } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Icon, Region } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';

/** How deployments of it ended badly, in all its rollouts; the first cause of each as a device told it. */
export function Troubles({ release }: { release: Release }): ReactNode {
  const use = useAnswer('useOfRelease', { params: { id: release.id } });
  const all = use.data?.troubles.reduce((sum, { count: n }) => sum + n, 0);
  return (
    <Region title="Trouble so far" {...(all !== undefined && all > 0 && { note: `${counted(all, 'deployment')} ended badly` })}>
      <Answered of={use} what="the trouble so far" rows={2}>
        {({ troubles }) => troubles.length === 0
          ? <p className="dim">None of its deployments ended badly.</p>
          : (
            <ul className="rows">
              {troubles.map(({ code, sentence, count: n }) => (
                <li key={code} className="release-trouble">
                  <span className="f-failed"><Icon name="octagon" /></span>
                  <span className="strong release-trouble-n">{count(n)}</span>
                  <span>{sentence} <code className="dim">{code}</code></span>
                </li>
              ))}
            </ul>
          )}
      </Answered>
    </Region>
  );
}
