import type { ReactNode } from 'react';
import type { Release } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Icon, Region } from '../../parts/index.ts';
import { scopeFor } from './scope.ts';
import { type TouchGroup, touchesOf, untouched } from './touch-groups.ts';
import type { ComparedWith } from './use-compared.ts';

/** What it may touch and what not, in the words of the API; what is new against the release that it is compared with is marked. */
export function Touches({ release, compared }: { release: Release; compared: ComparedWith }): ReactNode {
  const policy = useAnswer('getPolicy', {});
  const { groups, limits } = touchesOf(release);
  const scope = policy.data && scopeFor(policy.data.document, release);
  const { from, difference } = compared;
  const fresh = new Set(difference.data === undefined ? [] : [...difference.data.added, ...difference.data.changed.map(({ after }) => after)]);
  return (
    <Region title="What it may touch">
      <p className="small dim release-lead">What is not listed is refused. Each line works only where a device binds it and the policy allows it.</p>
      <ul className="release-touches">
        {groups.map((group) => <Group key={group.title} group={group} fresh={fresh} since={from?.version} denied={scope !== undefined && !scope.capabilities.includes(group.kind) ? scope.prefix : undefined} />)}
        {groups.length === 0 && <li><span className="release-sign"><Icon name="minus" /></span><span className="strong">Nothing of a board: it asks for no pin, port, folder or measurement.</span></li>}
        <li>
          <span className="release-sign dim"><Icon name="cross" /></span>
          <div>
            <p className="strong">{sentenceOf(untouched(release))}</p>
            <p className="small dim">It does not ask for them, or there is no way to; what a guest was not granted is not there for it.</p>
          </div>
        </li>
      </ul>
      {limits.length > 0 && (
        <>
          <h3 className="release-sub">Limits</h3>
          <ul className="release-limits">{limits.map((sentence) => <li key={sentence} className={fresh.has(sentence) ? 'release-fresh' : undefined}>{capital(sentence)}{fresh.has(sentence) && <New since={from?.version} />}</li>)}</ul>
        </>
      )}
    </Region>
  );
}

function Group({ group, fresh, since, denied }: { group: TouchGroup; fresh: ReadonlySet<string>; since: string | undefined; denied: string | undefined }): ReactNode {
  const isNew = group.sentences.some((sentence) => fresh.has(sentence));
  return (
    <li>
      <span className={`release-sign ${denied !== undefined ? 'f-refused' : isNew ? 'f-paused' : 'f-ok'}`}><Icon name={denied !== undefined ? 'barred' : isNew ? 'plus' : 'check'} /></span>
      <div>
        <p><span className="strong">{group.title}</span>: {group.labels.join(', ')}</p>
        {denied !== undefined && <p className="small release-denied">Not allowed by the policy below <code>{denied}</code>: no device grants it.</p>}
        {group.sentences.map((sentence) => <p key={sentence} className="small dim">{capital(sentence)}{fresh.has(sentence) && <New since={since} />}</p>)}
      </div>
    </li>
  );
}

function New({ since }: { since: string | undefined }): ReactNode {
  return <span className="release-new"> New or changed since {since}.</span>;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentenceOf(parts: readonly string[]): string {
  return capital(parts.join(', '));
}
