import { type ReactNode, useEffect } from 'react';
import { useAnswer } from '../../api/index.ts';
import { Icon } from '../../parts/index.ts';
import { Mark } from '../../shell/index.ts';
import { PierArt } from './pier-art.tsx';
import './sign-in.css';

/** What stands around a form before anybody is signed in: what this is, and which manager, in what state. */
export function Door({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }): ReactNode {
  useEffect(() => {
    document.title = `${title} · Pier`;
  }, [title]);
  return (
    <div className="door">
      <header className="door-side">
        <p className="door-mark"><Mark size={30} />Pier</p>
        <p className="door-words">A safe dock for WebAssembly programs on fleets of small boards.</p>
        <PierArt />
      </header>
      <main className="door-main">
        <div className="door-form">
          <h1>{title}</h1>
          <p className="door-lead">{lead}</p>
          {children}
        </div>
      </main>
      <footer className="door-foot"><ManagerHere /></footer>
    </div>
  );
}

/** Whether it is worth while to sign in, said before one tries. */
function ManagerHere(): ReactNode {
  const { data, error } = useAnswer('health', {}, { everyMs: 15_000 });
  const silent = data === undefined || error !== null ? [] : [...(data.database ? [] : ['database']), ...(data.broker ? [] : ['broker'])];
  const wrong = error !== null ? 'it does not answer' : silent.length > 0 ? `its ${silent.join(' and its ')} ${silent.length > 1 ? 'do' : 'does'} not answer` : undefined;
  return (
    <output>
      Manager at <span className="mono">{window.location.host}</span>
      {wrong !== undefined ? <span className="door-wrong">; <Icon name="alert" /> {wrong}</span> : data !== undefined && '; its database and its broker answer'}
    </output>
  );
}
