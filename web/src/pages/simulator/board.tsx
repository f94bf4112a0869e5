import { type ReactNode, useMemo } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail, SimBoardDetail } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useAnswer } from '../../api/index.ts';
import { Answered, Command, PageHead, StateMark, Wrong } from '../../parts/index.ts';
import { modelWords, standingWords } from '../../words/index.ts';
import { AppsSay, SafeState } from './apps-say.tsx';
import { boardWords } from './board-list.tsx';
import { holdersOf, wiredOf } from './board-view.ts';
import { Faults } from './faults.tsx';
import { LastActs } from './last-acts.tsx';
import { Stage } from './stage.tsx';
import { Timeline } from './timeline.tsx';
import { useBoard, useDriver, useRecord } from './use-sim.ts';

export function BoardPage({ id }: { id: string }): ReactNode {
  const board = useBoard(id);
  const gone = board.error?.code === 'board-gone' ? board.error : undefined;
  const answers = board.data !== undefined && board.error === null;
  const holder = board.data?.device ?? null;
  const device = useAnswer('getDevice', { params: { device: holder ?? '' } }, { enabled: holder !== null });
  return (
    <>
      <PageHead
        title={id}
        beside={<>{board.data && <span className="chip sim-model">Simulated {modelWords(board.data.model)}</span>}{(answers || board.error) && <StateMark state={answers ? boardWords.answers : boardWords.silent} />}</>}
        facts={<HeadFacts holder={holder} device={device.data} known={board.data !== undefined} />}
      />
      {gone && <Gone fault={gone} id={id} isSeen={board.data !== undefined} />}
      {board.data === undefined
        ? gone === undefined && <Answered of={board} what="the board" rows={8} framed>{() => null}</Answered>
        : <BoardView detail={board.data} bindings={device.data?.bindings} answers={answers} unread={gone ? null : board.error} />}
    </>
  );
}

function HeadFacts({ holder, device, known }: { holder: string | null; device: DeviceDetail | undefined; known: boolean }): ReactNode {
  return (
    <>
      <span><Link href="/simulator">All boards</Link></span>
      {holder !== null && <span>Device <Link href={`/devices/${holder}`}>{device?.name ?? holder}</Link></span>}
      {holder === null && known && <span>No device is known that holds it</span>}
      {device && <StateMark state={standingWords[device.standing]} />}
      {device && <span>{device.apps.length === 0 ? 'no app' : device.apps.map(({ app, version }) => `${app} ${version ?? '(not running)'}`).join(', ')}{device.agent !== null && `; real agent ${device.agent}`}</span>}
    </>
  );
}

/** Nothing answers on the board's socket; what was seen last stays in sight, and nothing can be done to it. */
function Gone({ fault, id, isSeen }: { fault: Fault; id: string; isSeen: boolean }): ReactNode {
  return (
    <div className="region sim-gone" role="alert">
      <p className="note f-offline"><span className="strong">The board does not answer; it is asked again each 5 s.</span> {isSeen && 'What is shown below is how it was when it last did. '}Start it again in the folder that the manager was shown:</p>
      <Command label="Command that starts the board" text={`pier sim board board.json --dir DIR/${id}`} />
      <p className="small dim">{fault.message} <code>{fault.code}</code></p>
    </div>
  );
}

type ViewProps = { readonly detail: SimBoardDetail; readonly bindings: DeviceDetail['bindings'] | undefined; readonly answers: boolean; /** Why it could not be asked again. */ readonly unread: Fault | null };

function BoardView({ detail, bindings, answers, unread }: ViewProps): ReactNode {
  const { id, device } = detail;
  const record = useRecord(id);
  const driver = useDriver(id, { answers });
  const wired = useMemo(() => wiredOf(detail, bindings), [detail, bindings]);
  return (
    <div className="sim-page">
      <div className="sim-main">
        <section className="region" aria-labelledby="sim-board">
          <h2 id="sim-board" className="sr-only">Board and parts</h2>
          {unread && <p className="note f-failed sim-lead" role="alert"><span className="strong">Not renewed:</span> {unread.message} <code>{unread.code}</code>. What is shown is older.</p>}
          {driver.off !== undefined && <p className="why-off sim-lead">Looking only. {driver.off}</p>}
          {driver.fault && <Wrong fault={driver.fault} />}
          <Stage lines={detail.lines} wired={wired} kept={record.data} driver={driver} />
        </section>
        {record.data === undefined
          ? <Answered of={record} what="the board's record" framed>{() => null}</Answered>
          : <Timeline kept={record.data} lines={detail.lines} wired={wired} isOld={record.error !== null} />}
      </div>
      <div className="sim-side">
        <Faults ports={detail.ports} driver={driver} />
        {device !== null && <AppsSay device={device} apps={holdersOf(wired)} />}
        {device !== null && <SafeState device={device} />}
        <LastActs id={id} />
      </div>
    </div>
  );
}
