import { useTable } from '@tanstack/react-table';
import { type ReactNode, memo, useCallback, useMemo } from 'react';
import type { Device } from '@pier/shared/api';
import { count } from '../../words/index.ts';
import { Icon } from '../../parts/index.ts';
import { chosenOf, isChosen, nothingChosen, toRange, toggled, withAll } from './choice.ts';
import { columnsOf, features, sortedBy, widths } from './columns.tsx';
import type { ListProps, ShownRows } from './device-list.tsx';
import { columnIds } from './view.ts';

type Props = ListProps & ShownRows & { readonly at: number; readonly onAt: (row: number) => void };

/** Real table markup around the rows that can be seen; what is above and below is one empty row each. */
export function DeviceTable(props: Props): ReactNode {
  const { view, rows, choice, onChoice, onAt, shown, beforePx, afterPx, waiting, total, at } = props;
  const columns = useMemo(() => columnsOf(view.app), [view.app]);
  const columnVisibility = useMemo(() => Object.fromEntries(columnIds.map((id) => [id, view.columns.includes(id)])), [view.columns]);
  const data = shown.map(({ device }) => device);
  const table = useTable({ features, columns, data, state: { columnVisibility }, getRowId: ({ id }) => id });
  const visible = table.getVisibleLeafColumns();
  const ids = rows.rows;
  const choose = useCallback((id: string, range: boolean) => onChoice((was) => (range ? toRange(was, id, ids.map((row) => row.id)) : toggled(was, id))), [onChoice, ids]);
  const widthKey = visible.map(({ id }) => id).join();
  return (
    <table className="devices-table" aria-rowcount={total + 1} aria-label="Devices">
      <colgroup>
        <col style={{ width: 44 }} />
        {visible.map(({ id }) => <col key={id} style={widths[id] === undefined ? {} : { width: widths[id] }} />)}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          <ChooseAll {...props} />
          {table.getFlatHeaders().map((header) => <Head key={header.id} id={header.id} says={<table.FlexRender header={header} />} order={view.order} onOrder={props.onOrder} />)}
        </tr>
      </thead>
      <tbody>
        <Gap px={beforePx} columns={visible.length + 1} />
        {table.getRowModel().rows.map((row, n) => {
          const index = shown[n]?.index ?? 0;
          return (
            <Row key={row.id} device={row.original} index={index} chosen={isChosen(choice, row.id)} at={at === index} columns={`${widthKey} ${view.app ?? ''}`} onAt={onAt} onChoose={choose}>
              {() => row.getVisibleCells().map((cell) => <Cell key={cell.id} column={cell.column.id}><table.FlexRender cell={cell} /></Cell>)}
            </Row>
          );
        })}
        {Array.from({ length: waiting }, (_, n) => (
          <tr key={`waiting ${n}`} aria-hidden="true"><td colSpan={visible.length + 1} aria-label="Not read yet"><span className="shape devices-shape" /></td></tr>
        ))}
        <Gap px={afterPx} columns={visible.length + 1} />
      </tbody>
    </table>
  );
}

function Cell({ column, children }: { column: string; children: ReactNode }): ReactNode {
  return <td data-column={column}>{children}</td>;
}

function Gap({ px, columns }: { px: number; columns: number }): ReactNode {
  return px > 0 ? <tr aria-hidden="true" className="devices-gap" style={{ height: px }}><td colSpan={columns} aria-label="Rows out of sight" /></tr> : null;
}

function ChooseAll({ rows, choice, onChoice, total }: Props): ReactNode {
  const ids = rows.rows.map(({ id }) => id);
  const chosen = chosenOf(choice, ids);
  const whole = ids.length === total ? `all ${count(total)}` : `the ${count(ids.length)} that are loaded`;
  return (
    <th className="devices-check" scope="col">
      <input type="checkbox" aria-label={`Choose ${whole}`} title={`Choose ${whole}`} checked={chosen === 'all'} ref={(box) => {
        if (box) box.indeterminate = chosen === 'some';
      }} onChange={() => onChoice((was) => (chosen === 'none' ? withAll(was, ids, true) : nothingChosen))} />
    </th>
  );
}

function Head({ id, says, order, onOrder }: { id: string; says: ReactNode; order: ListProps['view']['order']; onOrder: ListProps['onOrder'] }): ReactNode {
  const sort = sortedBy[id];
  const here = sort?.order === order;
  return (
    <th scope="col" data-column={id} {...(sort && { 'aria-sort': here ? 'ascending' : 'none' })}>
      {sort ? <button type="button" onClick={() => onOrder(sort.order)} title={`Sort ${sort.says}`}>{says}{here && <Icon name="down" size={10} />}</button> : says}
    </th>
  );
}

type RowProps = {
  readonly device: Device;
  readonly index: number;
  readonly chosen: boolean;
  readonly at: boolean;
  /** Which columns there are; the cells are drawn again when that changes. */
  readonly columns: string;
  readonly onAt: (row: number) => void;
  readonly onChoose: (id: string, range: boolean) => void;
  readonly children: () => ReactNode;
};

/** Drawn again only when its own device, place or choice changed: five hundred changes a second touch few of the rows that are seen. */
const Row = memo(
  function DeviceRow({ device, index, chosen, at, onAt, onChoose, children }: RowProps): ReactNode {
    return (
      <tr aria-rowindex={index + 2} data-row={index} data-chosen={chosen || undefined} data-at={at || undefined} onFocus={() => onAt(index)}>
        <td className="devices-check">
          <input type="checkbox" aria-label={`Choose ${device.name}`} checked={chosen} onChange={({ nativeEvent }) => onChoose(device.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)} />
        </td>
        {children()}
      </tr>
    );
  },
  (was, is) => was.device === is.device && was.index === is.index && was.chosen === is.chosen && was.at === is.at && was.columns === is.columns && was.onChoose === is.onChoose,
);
