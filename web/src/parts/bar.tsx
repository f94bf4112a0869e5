import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type Part, byFamily, count } from '../words/index.ts';

type Props = {
  readonly parts: readonly Part[];
  readonly total: number;
  /** The whole in words, for those who do not see it. */
  readonly label: string;
  readonly height?: number;
  /** Where a click on a part leads: the list of just these devices. */
  readonly hrefOf?: (part: Part) => string;
};

/** Counts as one line of segments that fills the width; what is missing to the total stays empty. Never thinner than 2 px. */
export function Bar({ parts, total, label, height = 12, hrefOf }: Props): ReactNode {
  const sum = parts.reduce((all, part) => all + part.count, 0);
  const shown = byFamily(parts);
  return (
    <div className="bar" style={{ height }} role={hrefOf ? 'group' : 'img'} aria-label={label}>
      {shown.map(({ family, count: n, words }) => {
        const props = { className: `bar-part fill f-${family}`, style: { flexGrow: n }, title: `${count(n)} ${words}` };
        const [only, more] = parts.filter((part) => part.family === family);
        return hrefOf && only && !more ? <Link key={family} {...props} href={hrefOf(only)} aria-label={`${count(n)} ${words}`} /> : <span key={family} {...props} />;
      })}
      {sum < total || total === 0 ? <span className="bar-empty" style={{ flexGrow: Math.max(total - sum, total === 0 ? 1 : 0) }} /> : null}
    </div>
  );
}

/** A square of a family's fill, beside its word. */
export function Swatch({ family }: { family: Part['family'] }): ReactNode {
  return <span className={`swatch fill f-${family}`} aria-hidden="true" />;
}
