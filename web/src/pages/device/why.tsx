import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail, Why } from '@pier/shared/api';
import { useAnswer, useViewPart } from '../../api/index.ts';
import { Answered, Empty, Icon, ReasonChain, Region } from '../../parts/index.ts';
import { whyLook } from '../../words/index.ts';
import type { Open } from './dialogs.tsx';
import { neediest, titleOf } from './why-pick.ts';

/** The chain of checks for the app that needs it most, or the one that was picked. */
export function WhyRegion({ device, onOpen }: { device: DeviceDetail; onOpen: Open }): ReactNode {
  const why = useAnswer('whyDevice', { params: { device: device.id } });
  const [picked, pick] = useViewPart('app');
  const shown = why.data?.items.find(({ app }) => app === picked) ?? neediest(why.data?.items ?? []);
  return (
    <Region
      className="device-why"
      title={shown ? titleOf(shown) : 'Why'}
      {...(shown && { note: <>{shown.rollout !== null && <><Link href={`/rollouts/${shown.rollout}`}>its rollout</Link>. </>}{!shown.updated && 'Checked in this order; the first that says no decides'}</> })}
    >
      <Answered of={why} what="why it is not updated" rows={6}>
        {({ items }) => (
          <>
            {items.length > 1 && (
              <div className="device-picks" role="group" aria-label="App">
                {items.map((item) => (
                  <button key={item.app} type="button" className="device-pick" aria-pressed={item.app === shown?.app} onClick={() => pick(item.app)}>
                    <span className={`mark f-${item.updated ? 'ok' : whyLook(item.code).family}`}><Icon name={item.updated ? 'check' : whyLook(item.code).icon} size={12} /></span>{item.app}
                  </button>
                ))}
              </div>
            )}
            {shown ? (
              <ReasonChain calm={shown.updated} checks={shown.checks} code={shown.code} sentence={shown.sentence} remedy={shown.remedy}><Remedies why={shown} onOpen={onOpen} /></ReasonChain>
            ) : (
              <Empty says="Nothing is wanted of this device." more="No rollout has it, and no app was assigned to it by hand."><Link href="/rollouts/new">New rollout</Link></Empty>
            )}
          </>
        )}
      </Answered>
    </Region>
  );
}

/** What can be done here and now; the rest is a command to copy, under it. */
function Remedies({ why, onOpen }: { why: Why; onOpen: Open }): ReactNode {
  const acts: ReactNode[] = [];
  const button = (words: string, act: () => void): ReactNode => <button key={words} type="button" className="device-remedy" onClick={act}>{words}</button>;
  if (why.code.startsWith('capability.')) acts.push(button('Bind…', () => onOpen({ kind: 'bindings', app: why.app })));
  if (why.code === 'app.held' || why.code === 'app.deployed-by-hand') acts.push(button('Start app…', () => onOpen({ kind: 'app.start', app: why.app })));
  if (why.code === 'assigned.by-hand') acts.push(button('Give back…', () => onOpen({ kind: 'give-back', app: why.app })));
  if (why.code === 'device.pending') acts.push(button('Approve…', () => onOpen({ kind: 'approve' })));
  if (why.rollout !== null && !why.updated) acts.push(<Link key="rollout" href={`/rollouts/${why.rollout}`} className="device-remedy">Show the rollout</Link>);
  if (['app.failed', 'app.regressed', 'timed-out'].includes(why.code)) acts.push(<Link key="logs" href={`/devices/${why.device}/logs?app=${why.app}`} className="device-remedy">Show its logs</Link>);
  return acts.length === 0 ? undefined : acts;
}
