import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { SimBoard } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Command, Empty, PageHead, Region, StateMark, TableScroll } from '../../parts/index.ts';
import { type StateWords, counted, modelWords } from '../../words/index.ts';

/** Boards come and go with processes of their own, of which no stream tells. */
const listMs = 5_000;

export const boardWords = {
  answers: { word: 'Answers', family: 'ok', icon: 'check', note: 'its simulator runs' },
  silent: { word: 'Does not answer', family: 'offline', icon: 'struck', note: 'its simulator does not run' },
} as const satisfies Record<string, StateWords>;

export const boardCommand = 'pier sim board board.json --dir DIR/bench-1';

export function BoardList(): ReactNode {
  const boards = useAnswer('listSimBoards', {}, { everyMs: listMs });
  const about = useAnswer('getAbout', {});
  return (
    <>
      <PageHead title="Simulator" facts={<span>Boards that stand in for hardware: real agents run on them, people press their buttons here</span>} />
      <div className="region">
        <Answered of={boards} what="the list of simulated boards">
          {({ items }) => (items.length === 0 ? <NoBoards hasFolder={about.data?.simulator === true} /> : <Boards items={items} />)}
        </Answered>
      </div>
    </>
  );
}

function Boards({ items }: { items: readonly SimBoard[] }): ReactNode {
  const silent = items.filter(({ answers }) => !answers).length;
  return (
    <>
      <p className="sim-lead"><span className="strong">{counted(items.length, 'simulated board')}</span>, {silent === 0 ? 'all answer.' : `${items.length - silent} of them ${items.length - silent === 1 ? 'answers' : 'answer'}.`}</p>
      <TableScroll className="sim-list">
        <table className="table">
          <thead><tr><th scope="col">Board</th><th scope="col">Model</th><th scope="col">Device</th><th scope="col" className="end">Parts</th><th scope="col">Answers</th></tr></thead>
          <tbody>
            {items.map(({ id, model, device, parts, answers }) => (
              <tr key={id} className="goes">
                <td><Link className="name" href={`/simulator/${id}`}>{id}</Link></td>
                <td>{model === 'unknown' ? <span className="dim">not told yet</span> : modelWords(model)}</td>
                <td>{device === null ? <span className="dim">none known</span> : <Link href={`/devices/${device}`}>{device}</Link>}</td>
                <td className="end">{model === 'unknown' ? '–' : parts}</td>
                <td><StateMark state={answers ? boardWords.answers : boardWords.silent} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </>
  );
}

function NoBoards({ hasFolder }: { hasFolder: boolean }): ReactNode {
  return (
    <>
      {hasFolder
        ? <Empty says="No board lies in the folder that this manager was shown." more="One that is started there stands here within seconds." />
        : <Empty says="This manager drives no simulated boards." more="Two steps change that: the manager is started with the folder in which the boards' folders lie, and a board is started there." />}
      {!hasFolder && <Region title="Start the manager with that folder" className="sim-step"><Command label="Command that starts the manager" text="pier manager start --data ./data --simulator DIR" /></Region>}
      <Region title="Start a board in it" className="sim-step"><Command label="Command that starts a board" text={boardCommand} /><p className="small dim">board.json: <code>{'{"model":"raspberry-pi-4b","parts":[{"part":"led","name":"led","line":"GPIO17"}]}'}</code></p></Region>
    </>
  );
}
