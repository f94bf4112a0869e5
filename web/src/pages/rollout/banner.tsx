import type { ReactNode } from 'react';
import type { AuditRecord, Rollout } from '@pier/shared/api';
import { Ago, Icon } from '../../parts/index.ts';
import { count, counted, desertedWave, rolloutWords } from '../../words/index.ts';
import { sumsOf } from './standing.ts';
import { useHistory } from './timeline.tsx';
import { plainSentence } from './verbs.ts';

const pauses = ['rollout.paused', 'rollout.pause'];

const told = (n: number, one: string, many = one): string => (n === 0 ? '' : `${count(n)} ${n === 1 ? one : many}`);

/** It does not stop by itself, and does not go on either: nobody would see it in the counts. */
export function DesertedBanner({ rollout }: { rollout: Rollout }): ReactNode {
  const wave = desertedWave(rollout);
  if (wave === undefined) return null;
  return (
    <div className={`rollout-banner f-${rolloutWords.paused.family}`} role="status">
      <span className="rollout-mark"><Icon name="alert" /></span>
      <p><span className="strong">No device is left in wave {wave.n}, so none can prove it.</span> It stays open until somebody advances past it, or aborts. <code>gate.deserted</code></p>
    </div>
  );
}

/** What stopped it and when, whether anything still happens, and what devices run meanwhile. */
export function PausedBanner({ rollout }: { rollout: Rollout }): ReactNode {
  const history = useHistory(rollout.id);
  if (rollout.state !== 'paused') return null;
  const at = history.data?.items.find(({ action }: AuditRecord) => pauses.includes(action))?.at;
  const { cause, reason, version } = rollout;
  const { total, proven, badly, atWork, waiting } = sumsOf(rollout);
  const others = total - proven - badly - atWork - waiting;
  const meanwhile = [
    told(proven, `runs ${version} and stays on it`, `run ${version} and stay on it`),
    told(badly, 'ended badly'),
    told(waiting, 'waits and keeps what it runs', 'wait and keep what they run'),
    told(others, 'is no part of it any more', 'are no part of it any more'),
  ].filter((words) => words !== '');
  const who = cause === 'gate' ? 'It stopped itself' : cause === 'trust' ? 'It stopped, its release is not trusted' : 'A person paused it';
  return (
    <div className={`rollout-banner f-${rolloutWords.paused.family}`} role="status">
      <span className="rollout-mark"><Icon name="pause" /></span>
      <p>
        <span className="strong">{who}{at !== undefined && <> <Ago at={at} /></>}.</span> {reason !== null && <>{plainSentence(reason.reason)} <code>{reason.code}</code> </>}
        Nothing new is offered, {atWork === 0 ? 'no device is at work' : `${counted(atWork, 'device')} at work ${atWork === 1 ? 'finishes' : 'finish'}`}. {meanwhile.join('; ')}.
      </p>
    </div>
  );
}
