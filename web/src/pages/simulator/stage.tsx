/** The board between its parts, with a wire from each part to its pin. */
import { type ReactNode, type RefObject, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { BoardDrawing, BoardLegend, headerPins } from '../../parts/index.ts';
import { type Side, type SimLine, type Wired, usesOf } from './board-view.ts';
import { PartCard } from './part-card.tsx';
import type { Kept } from './record.ts';
import type { Driver } from './use-sim.ts';
import { type Ends, pathOf, runWires } from './wires.ts';

/** As parts/board-drawing.css lays it: the first row, each row, and where a cable leaves below the header. */
const [topPx, rowPx, cableY] = [8, 20, 413];
/** How far below the top of a part its wire begins. */
const plugPx = 18;

type Props = { readonly lines: readonly SimLine[]; readonly wired: readonly Wired[]; readonly kept: Kept | undefined; readonly driver: Driver };

export function Stage({ lines, wired, kept, driver }: Props): ReactNode {
  const stage = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<string>();
  const ends = useEnds(stage, wired);
  const pins = useMemo(() => headerPins({ lines, uses: usesOf(wired) }), [lines, wired]);
  const column = (side: Side): ReactNode => (
    <div className={`sim-parts sim-parts-${side}`}>
      {wired.filter((one) => one.side === side).map((one) => <div key={one.id} className={one.line !== undefined && one.line.name === chosen ? 'sim-chosen' : undefined} onMouseEnter={() => setChosen(one.line?.name)} onMouseLeave={() => setChosen(undefined)}><PartCard wired={one} kept={kept} driver={driver} /></div>)}
    </div>
  );
  return (
    <div className="sim-frame">
      <div className="sim-stage" ref={stage}>
        {column('left')}
        <div className="sim-board"><BoardDrawing pins={pins} chosen={chosen} onChoose={setChosen} /></div>
        {column('right')}
        <Wires ends={ends} wired={wired} chosen={chosen} />
      </div>
      <p className="sim-legend"><BoardLegend /></p>
    </div>
  );
}

function Wires({ ends, wired, chosen }: { ends: readonly Ends[]; wired: readonly Wired[]; chosen: string | undefined }): ReactNode {
  const ofSide = (side: Side): readonly Ends[] => ends.filter(({ id }) => wired.some((one) => one.id === id && one.side === side));
  const runs = [...runWires(ofSide('left')), ...runWires(ofSide('right'))];
  return (
    <svg className="sim-wires" aria-hidden="true" focusable="false">
      {runs.map((run) => {
        const one = wired.find(({ id }) => id === run.id);
        const [from] = run.points;
        if (one === undefined || from === undefined) return null;
        const { look, words } = wireWords(one);
        const isLeft = one.side === 'left';
        return (
          <g key={run.id} className={`sim-wire sim-wire-${look}${chosen !== undefined && one.line?.name === chosen ? ' sim-wire-chosen' : ''}`}>
            <path d={pathOf(run)} />
            <circle cx={from.x} cy={from.y} r="3" />
            <text x={from.x + (isLeft ? 6 : -6)} y={from.y - 5} textAnchor={isLeft ? 'start' : 'end'}>{words}</text>
          </g>
        );
      })}
    </svg>
  );
}

function wireWords({ line, port }: Wired): { readonly look: 'high' | 'low' | 'port' | 'pulled'; readonly words: string } {
  if (line !== undefined) return { look: line.level === 1 ? 'high' : 'low', words: `${line.name} ${line.level === 1 ? 'H' : 'L'}` };
  return port?.plugged === false ? { look: 'pulled', words: 'unplugged' } : { look: 'port', words: 'serial' };
}

/** Where wires begin and end, measured: parts are as high as what they say. */
function useEnds(stage: RefObject<HTMLDivElement | null>, wired: readonly Wired[]): readonly Ends[] {
  const [ends, setEnds] = useState<readonly Ends[]>([]);
  const layout = JSON.stringify(wired.map(({ id, side, line }) => [id, side, line?.headerPin ?? null]));
  useLayoutEffect(() => {
    const box = stage.current;
    if (box === null) return undefined;
    const measure = (): void => setEnds(endsIn(box, JSON.parse(layout) as Laid[]));
    const sizes = new ResizeObserver(measure);
    sizes.observe(box);
    for (const part of box.querySelectorAll('[data-anchor]')) sizes.observe(part);
    measure();
    return () => sizes.disconnect();
  }, [stage, layout]);
  return ends;
}

type Laid = readonly [id: string, side: Side, pin: number | null];

function endsIn(box: HTMLElement, laid: readonly Laid[]): Ends[] {
  const origin = box.getBoundingClientRect();
  const plate = box.querySelector('.board-plate')?.getBoundingClientRect();
  if (plate === undefined) return [];
  const cables = { left: 0, right: 0 };
  return laid.flatMap(([id, side, pin]) => {
    const part = box.querySelector(`[data-anchor="${CSS.escape(id)}"]`)?.getBoundingClientRect();
    if (part === undefined) return [];
    const y = pin === null ? cableY + 3 * cables[side]++ : topPx + (Math.ceil(pin / 2) - 0.5) * rowPx;
    const isLeft = side === 'left';
    return [{ id, from: { x: (isLeft ? part.right : part.left) - origin.left, y: part.top + plugPx - origin.top }, to: { x: (isLeft ? plate.left : plate.right) - origin.left, y: plate.top + y - origin.top } }];
  });
}
