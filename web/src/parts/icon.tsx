import type { ReactNode } from 'react';
import type { IconName } from '../words/index.ts';

/** Drawn on a grid of 16 with strokes of 1.6; `filled` ones are states that are final. Shapes differ, not only colours. A text is one path. */
const drawings: Record<IconName, ReactNode> = {
  check: <><circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" /><path d="m4.8 8.2 2.2 2.2 4.2-4.6" className="icon-cut" /></>,
  octagon: <><path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" fill="currentColor" stroke="none" /><path d="m5.5 5.5 5 5m0-5-5 5" className="icon-cut" /></>,
  barred: <><circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" /><path d="M4.5 8h7" className="icon-cut icon-cut-wide" /></>,
  'clock-filled': <><circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" /><path d="M8 4.2V8l2.6 1.6" className="icon-cut" /></>,
  square: <rect x="2.5" y="2.5" width="11" height="11" rx="1" fill="currentColor" stroke="none" />,
  pause: <path d="M4 2.5h3v11H4zM9 2.5h3v11H9z" fill="currentColor" stroke="none" />,
  play: <path d="M4 2.2 13.5 8 4 13.8z" fill="currentColor" stroke="none" />,
  hourglass: 'M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14',
  ring: 'M14 8a6 6 0 1 1-6-6',
  download: 'M8 2v8m-3.2-3L8 10.2 11.2 7M3 14h10',
  shield: 'M8 1.6 13.5 3.5v4.2c0 3.3-2.3 5.6-5.5 6.7-3.2-1.1-5.5-3.4-5.5-6.7V3.5zM5.6 8l1.8 1.8 3-3.4',
  up: 'M8 14V6M4.8 9 8 5.8 11.2 9M3 2h10',
  right: 'M2 8h8M7 4.8 10.2 8 7 11.2M14 3v10',
  clock: 'M8 4.4V8l2.4 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  'user-check': 'M9.5 5A2.7 2.7 0 1 1 4.1 5a2.7 2.7 0 0 1 5.4 0zM2 14v-1.500a3.5 3.5 0 0 1 3.5-3h2M9.8 12l1.7 1.7 3-3.4',
  dashed: 'M14 8a6 6 0 0 1-.5 2.400M11.9 12.500a6 6 0 0 1-2.4 1.300M6.5 13.800a6 6 0 0 1-2.4-1.300M2.5 10.400a6 6 0 0 1 0-4.800M4.1 3.500a6 6 0 0 1 2.4-1.300M9.5 2.200a6 6 0 0 1 2.4 1.300M13.5 5.600A6 6 0 0 1 14 8',
  alert: 'M8 1.9 14.8 13.700H1.200zM8 6.300v3.400M8 11.700v.1',
  struck: 'M12.2 12.200A6 6 0 0 1 3.8 3.800M6.2 2.300a6 6 0 0 1 7.5 7.500M2 2l12 12',
  lock: 'M3.5 7h9v7h-9zM5.5 7V4.800a2.5 2.5 0 0 1 5 0V7',
  skip: 'M2.5 12V9.500A3.5 3.5 0 0 1 6 6h7M10 2.8 13.2 6 10 9.200M6 13.500h7',
  cross: 'm3.5 3.5 9 9m0-9-9 9',
  chevrons: 'm3 3.5 4.5 4.500L3 12.500m5.5-9L13 8l-4.5 4.5',
  back: 'M6 2.8 2.8 6 6 9.200M2.8 6h6.700a3.6 3.6 0 0 1 0 7.200H6.5',
  two: 'M1.8 3.500h7.700v6.500H1.800zM6.5 10v3h7.700V6.500H9.5',
  overview: 'M2 2h5v6H2zM9 2h5v3.500H9zM9 8h5v6H9zM2 10.500h5V14H2z',
  rollout: 'm2 6 6-3.500L14 6 8 9.500zM2 9.5 8 13l6-3.500M8 9.500V13',
  device: 'M4 4h8v8H4zM6.5 6.500h3v3h-3zM6 1.500V4m4-2.500V4M6 12v2.500m4-2.500v2.500M1.5 6H4m-2.5 4H4m8-4h2.500M12 10h2.5',
  release: 'M8 1.8 14 5v6l-6 3.200L2 11V5zM2 5l6 3.200L14 5M8 8.200v6',
  enrol: 'm9.5 6.5 2-2M4.5 11.500l-2.7 2.700M14.2 1.800l-2.7 2.700M8 4.5 11.5 8l1.2-1.200a2.5 2.5 0 0 0-3.5-3.500zM8 11.5 4.5 8 3.3 9.200a2.5 2.5 0 0 0 3.5 3.500zM7 6.5 5.8 7.700m3.5 1.300L8.2 10.2',
  simulator: 'M6 1.800h4M6.5 1.800v4.500L2.5 14h11L9.5 6.300V1.800M4.3 10.500h7.4',
  key: 'M9.5 9.500a3.8 3.8 0 1 0-3-3L1.8 11.200v3h3v-2h2v-2zM11.3 4.800v.1',
  audit: 'M2 3h4v4H2zM2 9.500h4v4H2zM8.5 4h5.500M8.5 6.500H12M8.5 10.500H14M8.5 13H12',
  people: 'M8.3 5A2.5 2.5 0 1 1 3.3 5a2.5 2.5 0 0 1 5 0zM1.5 13.500v-1a3.3 3.3 0 0 1 3.3-3h2a3.3 3.3 0 0 1 3.3 3v1M10.8 2.700a2.5 2.5 0 0 1 0 4.600M12 9.700a3.3 3.3 0 0 1 2.5 3v.8',
  settings: 'M10.2 8a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0zM8 1.500v2M8 12.500v2M1.5 8h2M12.5 8h2M3.4 3.400l1.4 1.400M11.2 11.200l1.4 1.400M3.4 12.600l1.4-1.400M11.2 4.800l1.4-1.4',
  search: 'M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0zM10.3 10.3 14 14',
  copy: 'M5.5 5.500h8.500v8.500H5.500zM10.5 5.500V2H2v8.500h3.5',
  plus: 'M8 2.500v11M2.5 8h11',
  minus: 'M2.5 8h11',
  more: 'M3 8h.1M8 8h.1M13 8h.1',
  down: 'm3.5 6 4.5 4.500L12.5 6',
  'chevron-right': 'm6 3.5 4.5 4.500L6 12.5',
  menu: 'M2 4h12M2 8h12M2 12h12',
  filter: 'M2 3h12L9.5 8.500V13l-3-1.500v-3z',
  columns: 'M2.5 3h3v10h-3zM8 3h1M8 6.300h1M8 9.600h1M8 13h1M11.5 3h2M11.5 6.300h2M11.5 9.600h2M11.5 13h2',
  bookmark: 'M4 2h8v12L8 10.8 4 14z',
  tag: 'M2 2.500v5L8.5 14 14 8.5 7.5 2.500zM5 5.400v.1',
  terminal: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.500h3',
  link: 'M6.5 9.500a2.8 2.8 0 0 0 4 0l2.5-2.500a2.8 2.8 0 0 0-4-4L8 4M9.5 6.500a2.8 2.8 0 0 0-4 0L3 9a2.8 2.8 0 0 0 4 4l1-1',
  unplug: 'M10.5 5.5 14 2M2 14l3-3M5 7.5 8.5 11l-1.2 1.200a2.5 2.5 0 0 1-3.5-3.500zM11 8.5 7.5 5l1.2-1.200a2.5 2.5 0 0 1 3.5 3.500zM3 3l1.5 1.500M11.5 11.5 13 13',
  out: 'M9.5 2.500h-7v11h7M6 8h8M11 5l3 3-3 3',
  ground: 'M8 2v6M3 8h10M5 10.500h6M7 13h2',
};

/** A drawing beside a word; never alone, so it says nothing to a screen reader. */
export function Icon({ name, size = 14, turns = false }: { name: IconName; size?: number; turns?: boolean }): ReactNode {
  const drawing = drawings[name];
  return (
    <svg className={turns ? 'icon icon-turns' : 'icon'} width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      {typeof drawing === 'string' ? <path d={drawing} /> : drawing}
    </svg>
  );
}
