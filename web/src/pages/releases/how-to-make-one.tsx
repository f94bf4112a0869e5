import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { usePolicy } from '../../api/index.ts';
import { Command, Empty } from '../../parts/index.ts';

const commands = `pier app build myapp
pier app push myapp apps/myapp --key release.key
pier release create apps/myapp@sha256:…`;

/** There is no release yet: the three commands that make the first one. */
export function HowToMakeOne(): ReactNode {
  const { missing } = usePolicy();
  return (
    <div className="releases-first">
      <Empty says="There is no release yet." more="The release key stays with you; the manager only looks at what it signed." />
      {missing && <p className="note f-paused">No trust policy is in force, so no signature would be accepted. <Link href="/keys">Set one first</Link>.</p>}
      <Command text={commands} label="Making a release" />
      <p className="small dim">The second command prints the reference with its digest, for the third. <code>myapp</code> is a folder with a <code>pier.json</code>, such as <code>examples/blink</code>.</p>
    </div>
  );
}
