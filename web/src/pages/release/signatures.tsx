import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Policy, Release } from '@pier/shared/api';
import type * as z from 'zod';
import { usePolicy } from '../../api/index.ts';
import { Answered, Empty, Id, Region, StateMark } from '../../parts/index.ts';
import { type StateWords, counted } from '../../words/index.ts';
import { type KeyResult, keyResults, policyName, scopeFor } from './scope.ts';

const resultWords = {
  valid: { word: 'Valid', family: 'ok', icon: 'check', note: 'signed by this key' },
  missing: { word: 'Not signed', family: 'waiting', icon: 'dashed', note: 'this key would count, but has not signed' },
  'not-in-scope': { word: 'Does not count', family: 'refused', icon: 'barred', note: 'the policy names this key for other repositories, or not at all' },
} as const satisfies Record<KeyResult['result'], StateWords>;

/** Who signed it, and what the policy wants. */
export function Signatures({ release }: { release: Release }): ReactNode {
  const { missing, policy } = usePolicy();
  return (
    <Region title="Signatures" acts={<Link href="/keys">Policy</Link>}>
      {missing
        ? <Empty says="No trust policy is in force." more={<>Without one no signature counts. <Link href="/keys">Set one</Link>.</>} />
        : <Answered of={policy} what="the trust policy" rows={3}>{(one) => <Judged release={release} policy={one} />}</Answered>}
    </Region>
  );
}

function Judged({ release, policy }: { release: Release; policy: z.infer<typeof Policy> }): ReactNode {
  const scope = scopeFor(policy.document, release);
  const results = keyResults({ document: policy.document, scope, signedBy: release.signedBy });
  const valid = results.filter(({ result }) => result === 'valid').length;
  return (
    <>
      <ul className="rows release-keys">
        {results.map(({ id, name, role, result }) => (
          <li key={id}>
            <StateMark state={resultWords[result]} />
            <span><span className="strong">{name ?? 'a key that the policy does not name'}</span>{role !== undefined && <span className="dim"> {role} key</span>}</span>
            <span className="push"><Id id={id} /></span>
          </li>
        ))}
      </ul>
      {scope === undefined
        ? <p>No scope of the policy covers <code>{policyName(release)}</code>: no signature can count for it.</p>
        : <p>The policy wants {scope.threshold} of {counted(scope.keys.length, 'key')} for what lies below <code>{scope.prefix}</code>; {valid === 0 ? 'none of them' : valid} signed.</p>}
      <p className="small dim release-after">This is the manager’s own look. Each device checks the signatures itself when it fetches the artifact, and its bytes again before every start.</p>
    </>
  );
}
