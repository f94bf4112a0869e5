/** The rows: those that can be seen, and a few more. A table on a desk, items of two lines on a phone. */
import { useMediaQuery } from '@mantine/hooks';
import { type VirtualItem, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Device } from '@pier/shared/api';
import { useShortcuts } from '../../shell/index.ts';
import { count } from '../../words/index.ts';
import { type Choice, chosenCount, nothingChosen, toRange, toggled } from './choice.ts';
import { DeviceItems } from './device-items.tsx';
import { DeviceTable } from './device-table.tsx';
import { movedRows } from './moved.ts';
import { type Rows, useLiveRows } from './use-rows.ts';
import { type DevicesView, fitter } from './view.ts';

const rowPx = 26;
const headPx = 25;
const itemPx = 57;
/** So many rows before the last one that is loaded, the next page is asked for. */
const aheadRows = 40;

export type ListProps = {
  readonly view: DevicesView;
  readonly rows: Rows;
  readonly matched: number | undefined;
  readonly choice: Choice;
  readonly onChoice: (change: (was: Choice) => Choice) => void;
  readonly onOrder: (order: DevicesView['order']) => void;
  /** Tells which rows can be seen. */
  readonly onSeen: (first: number, last: number) => void;
};

export type ShownRow = { readonly index: number; readonly device: Device };
export type ShownRows = { readonly shown: readonly ShownRow[]; readonly beforePx: number; readonly afterPx: number; readonly waiting: number; readonly total: number };

export function DeviceList(props: ListProps): ReactNode {
  const { view, rows, matched, choice, onChoice, onSeen } = props;
  const box = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery('(width < 760px)', false, { getInitialValueInEffect: false });
  const loaded = rows.rows.length;
  const total = Math.max(matched ?? loaded, loaded);
  const waiting = rows.query.hasNextPage ? Math.min(20, Math.max(1, total - loaded)) : 0;
  const top = phone ? 0 : headPx;
  const virtual = useVirtualizer({
    count: loaded + waiting,
    getScrollElement: () => (phone ? (box.current?.closest<HTMLElement>('.main') ?? null) : box.current),
    estimateSize: () => (phone ? itemPx : rowPx),
    overscan: 10,
    scrollMargin: phone ? (box.current?.offsetTop ?? 0) : top,
    scrollPaddingStart: top,
    getItemKey: (index) => rows.rows[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const live = useLiveRows(rows, first, Math.min(last, loaded - 1));
  const shown = items.flatMap(({ index }) => {
    const device = live(index);
    return device ? [{ index, device }] : [];
  });
  useMore(rows, last);
  useTop(rows.sorting, () => virtual.scrollToOffset(0));
  // The head of the table stays over the rows, so it hides none that its own height has not moved down.
  const from = loaded === 0 ? 0 : Math.floor(Math.max(0, (virtual.scrollOffset ?? 0) - (phone ? virtual.options.scrollMargin : 0)) / (phone ? itemPx : rowPx)) + 1;
  const to = Math.min((virtual.range?.endIndex ?? -1) + 1, loaded);
  useEffect(() => onSeen(from, to), [from, to, onSeen]);
  const [at, setAt] = useListKeys({ box, rows, onChoice, go: (row) => virtual.scrollToIndex(row, { align: 'auto' }) });
  const window: ShownRows = { shown, total, waiting: items.filter(({ index }) => index >= loaded).length, ...around(items, virtual.getTotalSize(), phone ? virtual.options.scrollMargin : top) };
  return (
    <div className="devices-around">
      <SortAgain {...{ view, rows, shown, matched, box, atTop: from <= 1, idle: chosenCount(choice, total) === 0 }} />
      <div className="devices-scroll" ref={box} {...(!phone && { tabIndex: 0, role: 'region', 'aria-label': 'List of devices' })} aria-busy={rows.query.isPlaceholderData}>
        {phone ? <DeviceItems {...window} /> : <DeviceTable {...props} {...window} at={at} onAt={setAt} />}
      </div>
    </div>
  );
}

function around(items: readonly VirtualItem[], totalPx: number, marginPx: number): { beforePx: number; afterPx: number } {
  return { beforePx: Math.max(0, (items[0]?.start ?? marginPx) - marginPx), afterPx: Math.max(0, totalPx + marginPx - (items.at(-1)?.end ?? totalPx + marginPx)) };
}

/** Asks for the next page before its place is reached. */
function useMore({ query, rows }: Rows, last: number): void {
  const { hasNextPage, isFetching, isPlaceholderData, isFetchNextPageError, fetchNextPage } = query;
  const near = last >= rows.length - aheadRows;
  useEffect(() => {
    if (near && hasNextPage && !isFetching && !isPlaceholderData && !isFetchNextPageError) void fetchNextPage();
  }, [near, hasNextPage, isFetching, isPlaceholderData, isFetchNextPageError, fetchNextPage]);
}

/** Another order is read from its top. */
function useTop(sorting: string, toTop: () => void): void {
  const was = useRef(sorting);
  useEffect(() => {
    if (was.current !== sorting) toTop();
    was.current = sorting;
  });
}

type KeyDeps = { readonly box: { readonly current: HTMLElement | null }; readonly rows: Rows; readonly onChoice: ListProps['onChoice']; readonly go: (row: number) => void };

/** `j` and `k` move the focus from row to row, also to one that is not drawn yet, so that Enter opens what has it; `x` chooses it. */
function useListKeys({ box, rows, onChoice, go }: KeyDeps): readonly [number, (row: number) => void] {
  const [at, setAt] = useState(-1);
  const wanted = useRef(false);
  const latest = useRef({ at, rows: rows.rows, go });
  useEffect(() => {
    latest.current = { at, rows: rows.rows, go };
    const link = wanted.current ? box.current?.querySelector<HTMLElement>(`[data-row="${at}"] a`) : undefined;
    if (!link) return;
    wanted.current = false;
    link.focus({ preventScroll: true });
  });
  const keys = useMemo(() => {
    const move = (step: number): void => {
      const to = Math.max(0, Math.min(latest.current.rows.length - 1, latest.current.at + step));
      wanted.current = true;
      latest.current.go(to);
      setAt(to);
    };
    const choose = (how: (was: Choice, id: string, ids: readonly string[]) => Choice): void => {
      const id = latest.current.rows[latest.current.at]?.id;
      if (id !== undefined) onChoice((was) => how(was, id, latest.current.rows.map((row) => row.id)));
    };
    return [
      { keys: 'j', does: 'Next row', act: () => move(1) },
      { keys: 'k', does: 'Row before', act: () => move(-1) },
      { keys: 'x', does: 'Choose the row', act: () => choose(toggled) },
      { keys: 'X', does: 'Choose all rows from the last one chosen', act: () => choose(toRange) },
      { keys: 'Escape', does: 'Choose none', act: () => document.querySelector('[role="dialog"]') === null && onChoice(() => nothingChosen) },
    ];
  }, [onChoice]);
  useShortcuts(keys);
  return [at, setAt];
}

type AgainProps = Pick<ListProps, 'view' | 'rows' | 'matched'> & { readonly shown: readonly ShownRow[]; readonly box: { readonly current: HTMLElement | null }; readonly atTop: boolean; /** Nothing is chosen. */ readonly idle: boolean };

/** New order waits until it is asked for; at the top of a list that nobody touches it comes by itself. */
function SortAgain({ view, rows, shown, matched, box, atTop, idle }: AgainProps): ReactNode {
  const fits = useMemo(() => fitter(view), [view]);
  const [base, setBase] = useState<{ sorting: string; matched: number }>();
  const settled = matched !== undefined && !rows.query.isPlaceholderData && rows.query.data !== undefined;
  if (settled && base?.sorting !== rows.sorting) setBase({ sorting: rows.sorting, matched });
  const moved = movedRows(shown.flatMap(({ index, device }) => (rows.rows[index] ? [{ sorted: rows.rows[index], now: device }] : [])), view.order, fits);
  const more = settled && base?.sorting === rows.sorting ? matched - base.matched : 0;
  const { sortAgain } = rows;
  const says = settled ? [moved > 0 && `${count(moved)} changed`, more > 0 && `${count(more)} more match`, more < 0 && `${count(-more)} fewer match`].filter(Boolean).join(', ') : '';
  useEffect(() => {
    const node = box.current;
    const sortUntouched = (): void => {
      if (says !== '' && atTop && idle && node?.matches(':hover, :focus-within') === false) sortAgain();
    };
    sortUntouched();
    node?.addEventListener('pointerleave', sortUntouched);
    return () => node?.removeEventListener('pointerleave', sortUntouched);
  }, [says, atTop, idle, box, sortAgain]);
  if (says === '') return null;
  return <button type="button" className="devices-again" onClick={sortAgain}>{says}: sort again</button>;
}
