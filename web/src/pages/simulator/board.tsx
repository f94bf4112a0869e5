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

const noBindings: DeviceDetail['bindings'] = {};

export function BoardPage({ id }: { id: string }): ReactNode {
  const board = useBoard(id);
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
      {board.error?.code === 'board-gone' && <Gone fault={board.error} id={id} />}
      <Answered of={board.error?.code === 'board-gone' && board.data ? { ...board, error: null } : board} what="the board" rows={8}>
        {(detail) => <BoardView detail={detail} bindings={device.data?.bindings ?? noBindings} answers={answers} />}
      </Answered>
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
function Gone({ fault, id }: { fault: Fault; id: string }): ReactNode {
  return (
    <div className="region" role="alert">
      <p className="note f-offline"><span className="strong">The board does not answer.</span> {fault.message}. What is shown is how it was when it last did; it is asked again each 5 s. Start it again in the folder that the manager was shown:</p>
      <Command label="Command that starts the board" text={`pier sim board board.json --dir DIR/${id}`} />
    </div>
  );
}

function BoardView({ detail, bindings, answers }: { detail: SimBoardDetail; bindings: DeviceDetail['bindings']; answers: boolean }): ReactNode {
  const { id, device } = detail;
  const record = useRecord(id);
  const driver = useDriver(id, { answers });
  const wired = useMemo(() => wiredOf(detail, bindings), [detail, bindings]);
  return (
    <div className="sim-page">
      <div className="sim-main">
        <section className="region" aria-labelledby="sim-board">
          <h2 id="sim-board" className="sr-only">Board and parts</h2>
          {driver.off !== undefined && <p className="why-off sim-lead">Looking only. {driver.off}</p>}
          {driver.fault && <Wrong fault={driver.fault} />}
          <Stage lines={detail.lines} wired={wired} kept={record.data} driver={driver} />
        </section>
        <Answered of={answers ? record : { ...record, error: null }} what="the board's record">{(kept) => <Timeline kept={kept} lines={detail.lines} wired={wired} />}</Answered>
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
