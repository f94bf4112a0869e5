import type { ReactNode } from 'react';
import { DeviceStanding, type DeviceCount } from '@pier/shared/api';
import { Swatch } from '../../parts/index.ts';
import { count, standingParts } from '../../words/index.ts';

/** How those that match stand. The numbers add up to the query without its standing; a click narrows to one, or widens again. */
export function Standings({ counts, chosen, onChoose }: { counts: DeviceCount; chosen: readonly DeviceStanding[]; onChoose: (standing: readonly DeviceStanding[]) => void }): ReactNode {
  const parts = standingParts(counts.standings);
  const sum = parts.reduce((all, part) => all + part.count, 0);
  if (parts.length === 0) return null;
  return (
    <div className="devices-standings" role="group" aria-label="Narrow by standing">
      <span className="dim">Narrow by standing</span>
      {parts.map(({ key, word, family, count: n }) => {
        const standing = DeviceStanding.parse(key);
        const pressed = chosen.includes(standing);
        const only = pressed && chosen.length === 1;
        return (
          <button key={key} type="button" aria-pressed={pressed} onClick={() => onChoose(only ? [] : [standing])}>
            <Swatch family={family} />{word.toLowerCase()} <span className="strong">{count(n)}</span>
          </button>
        );
      })}
      {sum !== counts.total && <span className="note f-failed" role="alert">These add up to {count(sum)}, not to {count(counts.total)}: the counts cannot be trusted.</span>}
    </div>
  );
}
