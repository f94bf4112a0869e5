import type { ReactNode } from 'react';
import type { PolicyDocument } from '@pier/shared/api';
import { Region } from '../../parts/index.ts';
import { rulesOf } from './rules-words.ts';

export function Rules({ document }: { document: PolicyDocument }): ReactNode {
  return (
    <Region title="What else it says">
      <dl className="keys-rules">
        {rulesOf(document).map(({ setting, value, means }) => (
          <div key={setting}>
            <dt><code>{setting}: {value}</code></dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </Region>
  );
}
