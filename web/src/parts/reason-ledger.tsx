import type { ReactNode } from 'react';
import { type Family, type IconName, count } from '../words/index.ts';
import { Icon } from './icon.tsx';
import './reason-ledger.css';

export type ReasonRow = {
  readonly key: string;
  readonly icon: IconName;
  readonly family: Family;
  readonly count: number;
  readonly says: string;
  /** The code by which machines know it. */
  readonly code?: string | undefined;
  readonly evidence?: ReactNode;
  /** The one thing to do about it: a link or a button. */
  readonly action?: ReactNode;
};

type Props = {
  readonly rows: readonly ReasonRow[];
  readonly label: string;
  /** What the counts must add up to; where they do not, that is said as an error. */
  readonly sum?: number | undefined;
};

/** Why not the others: counts by reason, each with its evidence and one action. They add up, or the ledger says that they do not. */
export function ReasonLedger({ rows, label, sum }: Props): ReactNode {
  const found = rows.reduce((all, row) => all + row.count, 0);
  return (
    <>
      <ul className="reason-ledger" aria-label={label}>
        {rows.map(({ key, icon, family, count: n, says, code, evidence, action }) => (
          <li key={key}>
            <span className={`reason-icon f-${family}`}><Icon name={icon} turns={icon === 'ring'} /></span>
            <span className="reason-n">{count(n)}</span>
            <span className="reason-words">
              {says} {code !== undefined && <code className="dim">{code}</code>} {evidence !== undefined && <span className="reason-evidence">{evidence}</span>}
            </span>
            {action !== undefined && <span className="reason-action">{action}<span className="reason-go"><Icon name="chevron-right" /></span></span>}
          </li>
        ))}
      </ul>
      {sum !== undefined && found !== sum && (
        <p className="note f-failed reason-wrong" role="alert"><span className="strong">These do not add up.</span> The reasons count {count(found)}, but {count(sum)} are not proven.</p>
      )}
    </>
  );
}
