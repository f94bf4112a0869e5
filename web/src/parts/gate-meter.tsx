import type { ReactNode } from 'react';
import { share } from '../words/index.ts';
import type { GateReading } from './gate.ts';
import './gate-meter.css';

const families = { proven: 'f-ok', failed: 'f-failed', present: 'f-ok' } as const;

/** One limit of a gate on its own scale: the share so far, an ink mark at the limit, of how many, and what would decide it. */
export function GateMeter({ reading }: { reading: GateReading }): ReactNode {
  const { kind, title, part, whole, fill, mark, verdict, sample, next } = reading;
  const value = share(part, whole);
  const words = next === undefined ? sample : `${sample}; ${next}`;
  return (
    <div className="gate-meter" data-verdict={verdict}>
      <div className="gate-meter-head">
        <span>{title}</span>
        <span className="gate-meter-value">{value}</span>
      </div>
      <div className="gate-meter-track" role="img" aria-label={`${title}: ${value}. ${words}`}>
        <span className={`gate-meter-fill fill ${families[kind]}`} style={{ width: `${fill * 100}%` }} />
        <span className="gate-meter-mark" style={{ left: `${mark * 100}%` }} />
      </div>
      <p className="small dim">{words}</p>
    </div>
  );
}
