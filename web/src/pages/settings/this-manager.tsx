import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { About, AnswerOf } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Ago, Answered, Moment, Region, StateMark } from '../../parts/index.ts';
import type { StateWords } from '../../words/index.ts';

const answers: StateWords = { word: 'Answers', family: 'ok', icon: 'check', note: 'asked just now' };
const silent: StateWords = { word: 'Does not answer', family: 'failed', icon: 'octagon', note: 'asked just now' };

/** The manager that this page came from. What answers is said even where the rest cannot be read: that needs the database. */
export function ThisManager(): ReactNode {
  const about = useAnswer('getAbout', {});
  const health = useAnswer('health', {}, { everyMs: 10_000 });
  return (
    <Region title="This manager">
      <Answered of={health} what="the health of the manager" rows={3}>{(now) => <HealthFacts health={now} about={about.data} />}</Answered>
      <Answered of={about} what="what this manager is" rows={3}>{(now) => <AboutFacts about={now} />}</Answered>
      <p className="settings-api">All that these pages show and do goes through the public API, which <a href="/api/v1/openapi.json">openapi.json</a> describes.</p>
    </Region>
  );
}

function HealthFacts({ health: { database, broker }, about }: { health: AnswerOf<'health'>; about: About | undefined }): ReactNode {
  return (
    <dl className="settings-facts">
      <Answers name="Manager" does>{about && `${about.version}, on Node ${about.node}`}</Answers>
      <Answers name="Database" does={database}>{about && `PostgreSQL ${about.database.version}, ${about.database.embedded ? 'run by this manager' : 'run elsewhere'}`}</Answers>
      <Answers name="Broker" does={broker}>MQTT</Answers>
    </dl>
  );
}

function Answers({ name, does, children }: { name: string; does: boolean; children: ReactNode }): ReactNode {
  return <div><dt>{name}</dt><dd className="settings-answers"><StateMark state={does ? answers : silent} /><span>{children}</span></dd></div>;
}

function AboutFacts({ about: { replica, startedAt, simulator } }: { about: About }): ReactNode {
  return (
    <dl className="settings-facts">
      <div><dt>Replica</dt><dd className="mono">{replica}</dd></div>
      <div><dt>Started</dt><dd><Moment at={startedAt} />, <Ago at={startedAt} /></dd></div>
      <div><dt>Simulator</dt><dd>{simulator ? <>its boards can be driven <Link href="/simulator">here</Link></> : 'none beside this manager'}</dd></div>
    </dl>
  );
}
