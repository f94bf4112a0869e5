/** Tabs over the list: four that everybody has, then one's own saved views with what they count. */
import { Button, Menu, TextInput } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { DeviceCount, DeviceStanding, SavedView } from '@pier/shared/api';
import { useAct, useAnswer, useApi } from '../../api/index.ts';
import { ActDialog, Icon } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { count } from '../../words/index.ts';
import { type DevicesView, paramsOf, unreadable, viewOf, whichOf, widest } from './view.ts';

const shownMax = 8;
/** Each saved view is one more question, so they are not asked again with every change. */
const viewsEveryMs = 15_000;

type Tab = { readonly name: string; readonly href: string; readonly here: boolean; readonly changed: boolean; readonly count: number | undefined; readonly hint?: string };

const usual: readonly { readonly name: string; readonly standing: readonly DeviceStanding[]; readonly order?: DevicesView['order'] }[] = [
  { name: 'All', standing: [] },
  { name: 'Needs attention', standing: ['failed', 'refused', 'held'], order: 'standing' },
  { name: 'Offline', standing: ['offline'], order: 'heard' },
  { name: 'Not updated', standing: ['failed', 'refused', 'updating', 'soaking', 'held', 'waiting'], order: 'standing' },
];

export function Views({ view, fleet }: { view: DevicesView; fleet: DeviceCount | undefined }): ReactNode {
  const saved = useAnswer('listViews', {}).data?.items ?? [];
  const [open, setOpen] = useState<'save' | 'remove'>();
  const tabs = [...usualTabs(view, fleet), ...useSavedTabs(view, saved)];
  const here = tabs.findIndex((tab) => tab.here);
  const shown = tabs.slice(0, usual.length + shownMax);
  const more = tabs.slice(usual.length + shownMax);
  const own = saved.find(({ name }) => name === view.view);
  return (
    <div className="devices-views">
      <ViewKeys before={tabs[here - 1]?.href} after={tabs[here + 1]?.href} />
      <nav className="tabs" aria-label="Views">
        {shown.map((tab) => <TabLink key={tab.name} {...tab} />)}
        {more.length > 0 && (
          <Menu>
            <Menu.Target><button type="button" className="tab">{count(more.length)} more <Icon name="down" size={10} /></button></Menu.Target>
            <Menu.Dropdown>{more.map(({ name, href, count: n }) => <Menu.Item key={name} component={Link} href={href}>{name} {n === undefined ? '' : count(n)}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
        )}
      </nav>
      <span className="devices-views-acts">
        {own && <Button variant="plain" data-size="compact" onClick={() => setOpen('remove')} leftSection={<Icon name="cross" size={11} />}>Remove view</Button>}
        <Button variant="plain" data-size="compact" onClick={() => setOpen('save')} leftSection={<Icon name="bookmark" />}>Save view</Button>
      </span>
      {open === 'save' && <SaveDialog view={view} saved={saved} onClose={() => setOpen(undefined)} />}
      {open === 'remove' && own && <RemoveDialog name={own.name} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function ViewKeys({ before, after }: { before: string | undefined; after: string | undefined }): ReactNode {
  const [, go] = useLocation();
  useShortcuts(useMemo(() => [{ keys: '[', does: 'View before', act: () => before !== undefined && go(before) }, { keys: ']', does: 'Next view', act: () => after !== undefined && go(after) }], [before, after, go]));
  return null;
}

function TabLink({ name, href, here, changed, count: n, hint }: Tab): ReactNode {
  return <Link href={href} className="tab" aria-current={here ? 'page' : undefined} title={hint}>{name}{changed && <span className="dim">, changed</span>} {n !== undefined && <span className="devices-tab-n">{count(n)}</span>}</Link>;
}

/** Filters that two views have in common; in which order and with which columns is no other view. */
const asked = (view: DevicesView): string => JSON.stringify(whichOf({ ...view, standing: view.standing.toSorted() }));

function usualTabs(view: DevicesView, fleet: DeviceCount | undefined): Tab[] {
  return usual.map(({ name, standing, order = 'id' }) => {
    const to: DevicesView = { ...widest(view), standing, order };
    const n = fleet && (standing.length === 0 ? fleet.total : standing.reduce((sum, one) => sum + (fleet.standings[one] ?? 0), 0));
    return { name, href: hrefOf(to), here: view.view === undefined && asked(view) === asked(to), changed: false, count: n };
  });
}

function useSavedTabs(view: DevicesView, saved: readonly SavedView[]): Tab[] {
  const api = useApi();
  const views = saved.map(({ name, query }) => ({ ...viewOf(new URLSearchParams(query)), view: name }));
  const counts = useQueries({
    queries: views.slice(0, shownMax).map((one) => ({
      queryKey: ['count of a saved view', whichOf(one)],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.call('countDevices', { query: whichOf(one) }, signal),
      enabled: unreadable(one) === undefined,
      refetchInterval: viewsEveryMs,
    })),
  });
  return views.map((one, index) => {
    const here = view.view === one.view;
    return { name: one.view, href: hrefOf(one), here, changed: here && paramsOf(view).toString() !== paramsOf(one).toString(), count: counts[index]?.data?.total, hint: `Counted every ${viewsEveryMs / 1_000} s` };
  });
}

function hrefOf(view: DevicesView): string {
  const params = paramsOf(view).toString();
  return params === '' ? '/devices' : `/devices?${params}`;
}

function SaveDialog({ view, saved, onClose }: { view: DevicesView; saved: readonly SavedView[]; onClose: () => void }): ReactNode {
  const [name, setName] = useState(view.view ?? '');
  const [, go] = useLocation();
  const save = useAct('putView');
  const known = saved.some((one) => one.name === name.trim());
  const off = name.trim() === '' ? 'Name it first.' : /[/?#%]/.test(name) ? 'A name has none of / ? # %.' : undefined;
  const act = async (): Promise<void> => {
    await save.mutateAsync({ params: { name: name.trim() }, body: { query: paramsOf({ ...view, view: undefined }).toString() } });
    go(hrefOf({ ...view, view: name.trim() }), { replace: true });
  };
  return (
    <ActDialog title="Save this view" sub="Query, order and columns, for you alone. It becomes a tab." act={known ? `Replace ${name.trim()}` : 'Save view'} asksWhy={false} off={off} onClose={onClose} onAct={act}>
      <TextInput label="Name" value={name} maxLength={64} data-autofocus autoComplete="off" onChange={({ currentTarget }) => setName(currentTarget.value)} />
    </ActDialog>
  );
}

function RemoveDialog({ name, onClose }: { name: string; onClose: () => void }): ReactNode {
  const remove = useAct('removeView');
  const [, go] = useLocation();
  const act = async (): Promise<void> => {
    await remove.mutateAsync({ params: { name } });
    go('/devices', { replace: true });
  };
  return <ActDialog title={`Remove the view ${name}`} sub="Only the tab goes. No device is changed." act="Remove view" asksWhy={false} onClose={onClose} onAct={act} />;
}
