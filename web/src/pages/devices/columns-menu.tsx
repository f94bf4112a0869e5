import { Button, Popover } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon } from '../../parts/index.ts';
import { columnWords } from './columns.tsx';
import { type ColumnId, columnIds } from './view.ts';

/** Which columns are shown; the address remembers it. State and name always are. */
export function ColumnsMenu({ columns, onColumns }: { columns: readonly ColumnId[]; onColumns: (columns: readonly ColumnId[]) => void }): ReactNode {
  return (
    <Popover position="bottom-end" trapFocus shadow="none">
      <Popover.Target><Button variant="default" leftSection={<Icon name="columns" />} className="devices-wide">Columns</Button></Popover.Target>
      <Popover.Dropdown>
        <fieldset className="devices-columns">
          <legend className="caption dim">Columns</legend>
          {columnIds.map((id) => (
            <label key={id}>
              <input type="checkbox" checked={columns.includes(id)} onChange={({ currentTarget }) => onColumns(columnIds.filter((one) => (one === id ? currentTarget.checked : columns.includes(one))))} />
              {columnWords[id]}
            </label>
          ))}
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  );
}
