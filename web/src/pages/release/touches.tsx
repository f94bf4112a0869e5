import type { ReactNode } from 'react';
import type { Release } from '@pier/shared/api';
import { usePolicy } from '../../api/index.ts';
import { Icon, Region } from '../../parts/index.ts';
import { capital } from '../../words/index.ts';
import { scopeFor } from './scope.ts';
import { type TouchGroup, touchesOf, untouched } from './touch-groups.ts';
import type { ComparedWith } from './use-compared.ts';

/** Sentences that differ from those of the release that it is compared with, and how. */
type Fresh = ReadonlyMap<string, string>;

/** What it may touch and what not, in the words of the API; what is new against the release that it is compared with is marked. */
export function Touches({ release, compared }: { release: Release; compared: ComparedWith }): ReactNode {
  const { policy } = usePolicy();
  const { groups, limits } = touchesOf(release);
  const scope = policy.data && scopeFor(policy.data.document, release);
  const { from, difference } = compared;
  const fresh: Fresh = new Map([...(difference.data?.added ?? []).map((sentence) => [sentence, `New since ${from?.version}.`] as const), ...(difference.data?.changed ?? []).map(({ after }) => [after, `Changed since ${from?.version}.`] as const)]);
  return (
    <Region title="What it may touch">
      <p className="small dim release-lead">What is not listed is refused. Each line works only where a device binds it and the policy allows it.</p>
      <ul className="release-touches">
        {groups.map((group) => <Group key={group.title} group={group} fresh={fresh} denied={scope !== undefined && !scope.capabilities.includes(group.kind) ? scope.prefix : undefined} />)}
        {groups.length === 0 && <li><span className="release-sign"><Icon name="minus" /></span><span className="strong">Nothing of a board: it asks for no pin, port, folder or measurement.</span></li>}
        <li>
          <span className="release-sign dim"><Icon name="cross" /></span>
          <div>
            <p className="strong">{capital(untouched(release).join(', '))}</p>
            <p className="small dim">It does not ask for them, or there is no way to; what a guest was not granted is not there for it.</p>
          </div>
        </li>
      </ul>
      {limits.length > 0 && (
        <>
          <h3 className="release-sub">Limits</h3>
          <ul className="release-limits">{limits.map((sentence) => <li key={sentence}>{capital(sentence)}<Mark of={sentence} fresh={fresh} /></li>)}</ul>
        </>
      )}
    </Region>
  );
}

function Group({ group, fresh, denied }: { group: TouchGroup; fresh: Fresh; denied: string | undefined }): ReactNode {
  const isNew = group.sentences.some((sentence) => fresh.has(sentence));
  return (
    <li>
      <span className={`release-sign ${denied !== undefined ? 'f-refused' : isNew ? 'f-paused' : 'f-ok'}`}><Icon name={denied !== undefined ? 'barred' : isNew ? 'plus' : 'check'} /></span>
      <div>
        <p><span className="strong">{group.title}</span>: {group.labels.join(', ')}</p>
        {denied !== undefined && <p className="small release-denied">Not allowed by the policy below <code>{denied}</code>: no device grants it.</p>}
        {group.sentences.map((sentence) => <p key={sentence} className="small dim">{capital(sentence)}<Mark of={sentence} fresh={fresh} /></p>)}
      </div>
    </li>
  );
}

function Mark({ of, fresh }: { of: string; fresh: Fresh }): ReactNode {
  return fresh.has(of) && <span className="release-new"> {fresh.get(of)}</span>;
}
