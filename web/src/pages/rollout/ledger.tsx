import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeploymentState, Rollout, WhyCounts } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Countdown, Empty, ReasonLedger, type ReasonRow, Region, StateMark, TableScroll } from '../../parts/index.ts';
import { capital, count, counted, deploymentWords, share, shortDigests } from '../../words/index.ts';
import { type Looked, groupsOf, inFlight, useBadEnds, useInFlight } from './deployments.ts';
import { evidenceOf, isBad, lookOf, statesOf } from './reasons.ts';
import { sumsOf } from './standing.ts';

const atWorkMax = 10;

/** Why not the others: reasons that add up to all that are not proven, then the bad ends by what the devices said. */
export function Ledger({ rollout }: { rollout: Rollout }): ReactNode {
  const why = useAnswer('whyRollout', { params: { id: rollout.id } });
  const bad = useBadEnds(rollout);
  return (
    <Answered of={why} what="why devices are not proven" rows={5} framed>
      {(answer) => <Shown rollout={rollout} why={answer} bad={bad} />}
    </Answered>
  );
}

function Shown({ rollout, why, bad }: { rollout: Rollout; why: WhyCounts; bad: Looked }): ReactNode {
  const { total, proven, reasons } = why;
  const left = total - proven;
  const found = reasons.reduce((sum, one) => sum + one.count, 0);
  const badly = reasons.filter(({ code }) => isBad(code));
  const others = reasons.filter(({ code }) => !isBad(code));
  const title = `${count(proven)} of ${count(total)} proven, ${share(proven, total)}`;
  const list = <Link href={`/devices?rollout=${rollout.id}`}>Open as device list</Link>;
  return (
    <>
      <Region title={title} note={left > 0 ? `why not the other ${count(left)}` : undefined} acts={list}>
        {left === 0 && <p className="dim">Each of its devices has proved itself.</p>}
        <ReasonLedger label="Why devices are not proven" rows={others.map((reason) => reasonRow(reason, rollout))} />
        {found !== left && <p className="note f-failed" role="alert"><span className="strong">These do not add up.</span> The reasons count {count(found)}, but {count(left)} are not proven.</p>}
      </Region>
      {badly.length > 0 && <BadEnds rollout={rollout} reasons={badly} looked={bad} />}
    </>
  );
}

/** By what the devices said, where that accounts for each of them; else by the manager's own reasons. */
function BadEnds({ rollout, reasons, looked }: { rollout: Rollout; reasons: WhyCounts['reasons']; looked: Looked }): ReactNode {
  const n = reasons.reduce((sum, one) => sum + one.count, 0);
  const fine = looked.ready && !looked.cut && looked.items.length === n;
  const rows = fine ? groupsOf(looked.items).map((group): ReasonRow => ({
    key: group.key, icon: deploymentWords[group.state].icon, family: deploymentWords[group.state].family, count: group.devices.length, says: group.says === '' ? deploymentWords[group.state].word : capital(shortDigests(group.says)), code: group.code,
    evidence: names(group.devices, group.devices.length), action: actionFor({ rollout, states: [group.state], count: group.devices.length, first: group.devices[0] }),
  })) : reasons.map((reason) => reasonRow(reason, rollout));
  return (
    <Region title={`${count(n)} ended badly`} note="grouped by reason">
      <ReasonLedger label="How devices ended badly" rows={rows} sum={fine ? n : undefined} />
    </Region>
  );
}

function reasonRow({ code, sentence, count: n, devices }: WhyCounts['reasons'][number], rollout: Rollout): ReasonRow {
  const { icon, family, says } = lookOf(code, sentence);
  const evidence = [evidenceOf(code, rollout), names(devices, n)].filter((one) => one !== undefined).join('; ');
  return { key: code, icon, family, count: n, says, code, evidence, action: <>{code === 'capability.unbound' && devices[0] !== undefined && <><Link href={`/devices/${devices[0]}/apps`} aria-label={`Bind on ${devices[0]}…`}>Bind…</Link> </>}{actionFor({ rollout, states: statesOf(code), count: n, first: devices[0] })}</> };
}

function names(devices: readonly string[], n: number): string {
  const shown = devices.slice(0, n <= 3 ? 3 : 2);
  return n > shown.length ? `${shown.join(', ')} and ${count(n - shown.length)} more` : shown.join(', ');
}

/** One device: its page. More: the list of just these, where such a list is exact; else the first of them. */
function actionFor({ rollout, states, count: n, first }: { rollout: Rollout; states: readonly DeploymentState[]; count: number; first: string | undefined }): ReactNode {
  const inStates = rollout.waves.reduce((sum, { counts }) => sum + states.reduce((all, state) => all + (counts[state] ?? 0), 0), 0);
  if (n > 1 && inStates === n) return <Link href={`/devices?rollout=${rollout.id}&deployment=${states.join(',')}`}>These {count(n)}</Link>;
  return first === undefined ? undefined : <Link href={`/devices/${first}`}>Why not {first}</Link>;
}

/** Those at work, the nearest deadline first, bounded; the rest is counted. */
export function AtWork({ rollout }: { rollout: Rollout }): ReactNode {
  const { items, ready, cut } = useInFlight(rollout);
  const { atWork } = sumsOf(rollout);
  if (atWork === 0) return null;
  const shown = items.slice(0, atWorkMax);
  const rest = atWork - shown.length;
  const states = inFlight.filter((state) => rollout.waves.some(({ counts }) => (counts[state] ?? 0) > 0));
  return (
    <Region title={`${count(atWork)} at work`} note={`nearest deadline first; nothing stays at work without one${cut ? '; of the first 500 of each step' : ''}`} acts={<Link href={`/devices?rollout=${rollout.id}&deployment=${states.join(',')}`}>These {count(atWork)} as a list</Link>}>
      {ready && shown.length === 0 && <Empty says="They have just moved on." />}
      <TableScroll>
        <table className="table rollout-work">
          <thead className="sr-only"><tr><th>Device</th><th>Step</th><th>Wave</th><th>Deadline</th></tr></thead>
          <tbody>
            {shown.map(({ device, state, wave, deadlineAt }) => (
              <tr key={device}>
                <td><Link href={`/devices/${device}`} className="name">{device}</Link></td>
                <td><StateMark state={deploymentWords[state]} /></td>
                <td className="dim">wave {wave}</td>
                <td className="end dim">{deadlineAt === null ? 'no deadline' : <>{state === 'soaking' ? 'has to prove itself within' : state === 'offered' ? 'back to the queue in' : 'times out in'} <Countdown to={deadlineAt} /></>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {rest > 0 && shown.length > 0 && <p className="small dim">and {counted(rest, 'more', 'more')}</p>}
    </Region>
  );
}
