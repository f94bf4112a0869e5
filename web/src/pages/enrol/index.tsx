import { type ReactNode, useMemo, useState } from 'react';
import { useMe, useWhyNot } from '../../api/index.ts';
import { ActButton, PageHead, Region } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { Joined } from './joined.tsx';
import { FreshToken, WhatThen } from './joining.tsx';
import { type Made, NewToken } from './new-token.tsx';
import { Requests } from './requests.tsx';
import { Tokens } from './tokens.tsx';
import './enrol.css';

export default function EnrolPage(): ReactNode {
  const { role } = useMe();
  const off = useWhyNot('operator');
  const [asks, setAsks] = useState(false);
  const [made, setMade] = useState<Made>();
  useShortcuts(useMemo(() => (off === undefined ? [{ keys: 'n', does: 'New token', act: () => setAsks(true) }] : []), [off]));
  return (
    <>
      <PageHead title="Enrol" facts={<span>Boards make their own key; a token lets them ask for a certificate</span>} acts={<ActButton variant="primary" icon="plus" onClick={() => setAsks(true)} off={off}>New token…</ActButton>} />
      <div className="columns">
        <div className="columns-main enrol-main">
          {role === 'viewer' ? <Region title="Requests and tokens"><p className="dim">{off} Who waits and which tokens there are is shown to operators and administrators.</p></Region> : <><Requests /><Tokens /></>}
          <Joined />
        </div>
        <div className="columns-side enrol-side">
          {made && <FreshToken made={made} onDone={() => setMade(undefined)} />}
          <WhatThen />
        </div>
      </div>
      {asks && <NewToken onClose={() => setAsks(false)} onMade={setMade} />}
    </>
  );
}
