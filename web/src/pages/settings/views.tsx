import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { SavedView } from '@pier/shared/api';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActButton, ActDialog, Answered, Empty, Moment, Region, TableScroll } from '../../parts/index.ts';
import { count } from '../../words/index.ts';

const viewsMax = 50;

/** One's own views of the devices. */
export function Views(): ReactNode {
  const views = useAnswer('listViews', {});
  const [open, setOpen] = useState<SavedView>();
  const n = views.data?.items.length;
  return (
    <Region title="My saved views" note={n === undefined ? undefined : `${count(n)} of at most ${viewsMax}`}>
      <Answered of={views} what="the list of saved views" rows={3}>
        {({ items }) => (items.length === 0 ? (
          <Empty says="You have saved no view." more={<>A question asked of the <Link href="/devices">devices</Link> can be saved there under a name; it is then a tab of that page.</>} />
        ) : (
          <TableScroll>
            <table className="table settings-views">
              <thead><tr><th scope="col">Name</th><th scope="col">Shows</th><th scope="col">Saved</th><th scope="col"><span className="sr-only">Acts</span></th></tr></thead>
              <tbody>{items.map((view) => <ViewRow key={view.name} view={view} onRemove={() => setOpen(view)} />)}</tbody>
            </table>
          </TableScroll>
        ))}
      </Answered>
      {open !== undefined && <RemoveView view={open} onClose={() => setOpen(undefined)} />}
    </Region>
  );
}

function ViewRow({ view: { name, query, createdAt }, onRemove }: { view: SavedView; onRemove: () => void }): ReactNode {
  const shows = [...new URLSearchParams(query)].map(([key, value]) => `${key}: ${value}`).join(', ');
  return (
    <tr>
      <td><Link className="name" href={`/devices?${query}`}>{name}</Link></td>
      <td className="mono settings-query">{shows === '' ? <span className="dim">all devices</span> : shows}</td>
      <td className="settings-saved"><Moment at={createdAt} /></td>
      <td className="end"><ActButton compact onClick={onRemove}>Remove…</ActButton></td>
    </tr>
  );
}

function RemoveView({ view: { name }, onClose }: { view: SavedView; onClose: () => void }): ReactNode {
  const remove = useAct('removeView');
  return (
    <ActDialog title={`Remove the view ${name}`} sub="Its tab goes from the list of devices, for you alone: views are each person’s own. No device is touched." act={`Remove ${name}`} danger asksWhy={false} onClose={onClose} onAct={() => remove.mutateAsync({ params: { name } })} />
  );
}
