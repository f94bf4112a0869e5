import type { ReactNode } from 'react';

const pins = Array.from({ length: 20 }, (_, row) => row);

/** The outline of a board that is not there yet: two rows of twenty pins, drawn as soon as one asks to join. */
export function GhostBoard({ here }: { here: boolean }): ReactNode {
  return (
    <svg viewBox="0 0 200 440" data-here={here} aria-hidden="true" focusable="false" strokeWidth="1.4" {...(!here && { strokeDasharray: '5 4' })}>
      <rect x="6" y="6" width="188" height="420" rx="10" />
      <rect x="78" y="22" width="44" height="350" />
      {pins.flatMap((row) => [0, 1].map((side) => (
        row === 0 && side === 0 ? <rect key="pin-1" x="84" y="28" width="10" height="10" strokeDasharray="none" /> : <circle key={`${row} ${side}`} cx={89 + side * 22} cy={33 + row * 17} r="5" strokeDasharray="none" />
      )))}
      <circle cx="24" cy="24" r="7" /><circle cx="176" cy="24" r="7" />
      <path d="M20 426v-34h44v34M78 426v-34h44v34M136 426v-34h44v34" />
    </svg>
  );
}
