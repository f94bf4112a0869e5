import type { ReactNode } from 'react';

/** A 40-pin header, drawn as the pier that it is in the mark: the strip is the deck, each pair of pins stands on a pile. */
const pairs = Array.from({ length: 20 }, (_, at) => ({ x: 31 + at * 41, even: at * 2 + 2, odd: at * 2 + 1 }));
const power = new Set([1, 2, 4, 17]);
const ground = new Set([6, 9, 14, 20, 25, 30, 34, 39]);
/** Lines that are high, of GPIO17, 24, 5 and 21. */
const high = new Set([11, 18, 29, 40]);
const deck = 54;
const water = 176;
/** What the water shows of a pile: shorter and fainter the farther away. */
const broken = [{ y: 182, h: 26 }, { y: 216, h: 13 }, { y: 238, h: 6 }, { y: 253, h: 3 }] as const;
/** Ripples: where their dashes begin, and how long dash and gap are. */
const ripples = [{ x: -8, dash: '42 22' }, { x: -20, dash: '60 36' }, { x: -40, dash: '86 48' }, { x: 30, dash: '112 64' }, { x: -60, dash: '140 78' }, { x: 90, dash: '150 120' }, { x: -30, dash: '190 110' }] as const;

/** Decoration: it says nothing that stands nowhere else. The same in both schemes, as every drawn board. */
export function PierArt(): ReactNode {
  return (
    <svg className="door-art" viewBox="0 0 840 382" preserveAspectRatio="xMidYMin slice" aria-hidden="true" focusable="false">
      <rect className="door-deck" width="840" height={deck} />
      {pairs.map(({ x, even, odd }) => {
        const lit = high.has(even) || high.has(odd);
        return (
          <g key={x}>
            <Pin x={x} y={17} n={even} />
            <Pin x={x} y={37} n={odd} />
            <path className="door-deck" d={`M${x - 4} ${deck}h8v${water - deck - 4}h-8z`} />
            {broken.map(({ y, h }, at) => <rect key={y} className={lit ? 'door-glint' : 'door-shade'} x={x - 4} y={y} width="8" height={h} opacity={1 - at * 0.22} />)}
          </g>
        );
      })}
      {ripples.map(({ x, dash }, at) => <path key={dash} className="door-ripple" d={`M${x} ${water + at * 25}H840`} strokeDasharray={dash} opacity={0.75 - at * 0.1} />)}
    </svg>
  );
}

/** Pin 1 is square on every board. */
function Pin({ x, y, n }: { x: number; y: number; n: number }): ReactNode {
  if (n === 1) return <path className="door-pin door-power" d={`M${x - 4} ${y - 4}h8v8h-8z`} />;
  const kind = power.has(n) ? 'door-power' : ground.has(n) ? 'door-ground' : high.has(n) ? 'door-high' : '';
  return <circle className={`door-pin ${kind}`} cx={x} cy={y} r={ground.has(n) ? 3.4 : 4} />;
}
