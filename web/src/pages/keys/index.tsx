/** The trust policy: which keys may say what, what follows from it, and how it is changed. The manager cannot change it by itself. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Policy } from '@pier/shared/api';
import type * as z from 'zod';
import { usePolicy } from '../../api/index.ts';
import { Answered, Command, Empty, Id, Moment, PageHead, Region } from '../../parts/index.ts';
import { firstPolicyCommands } from '../../words/index.ts';
import { BreakIns } from './break-ins.tsx';
import { ChangeIt } from './change-it.tsx';
import { KeyTable } from './key-table.tsx';
import { Rules } from './rules.tsx';
import { ScopeTable } from './scope-table.tsx';
import './keys.css';

const title = 'Keys and policy';
export default function KeysPage(): ReactNode {
  const { missing, policy } = usePolicy();
  if (missing) return <NoPolicy />;
  return <Answered of={policy} what="the trust policy" rows={6} head={<PageHead title={title} />}>{(one) => <Sheet policy={one} />}</Answered>;
}

function Sheet({ policy }: { policy: z.infer<typeof Policy> }): ReactNode {
  const { number, root, setBy, setAt, document } = policy;
  return (
    <>
      <PageHead
        title={title}
        facts={
          <>
            <span>policy <span className="mono">{number}</span></span>
            <span>signed by root key <Id id={root} /></span>
            <span>set by {setBy} <Moment at={setAt} /></span>
            <Link href="/audit?action=policy.set">Earlier ones</Link>
          </>
        }
      />
      <div className="columns">
        <div className="columns-main">
          <KeyTable root={root} keys={document.keys} />
          <ScopeTable document={document} />
          <Rules document={document} />
        </div>
        <div className="columns-side">
          <ChangeIt document={document} />
          <BreakIns />
        </div>
      </div>
    </>
  );
}

function NoPolicy(): ReactNode {
  return (
    <>
      <PageHead title={title} />
      <Region title="No trust policy yet" className="keys-first">
        <Empty says="No trust policy is in force: no signature counts, and nothing can be rolled out." more="It names the keys that may sign apps and commands. You sign it with a root key that never comes near this manager; an administrator then sets it." />
        <Command text={firstPolicyCommands} label="Making and setting the first policy" />
        <p className="small dim">Each FILE.key is private: keep root.key offline. Devices learn the root from the claim token with which they join, so set the policy before you make one.</p>
      </Region>
    </>
  );
}
