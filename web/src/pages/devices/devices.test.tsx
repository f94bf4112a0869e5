import { type ReactNode, useEffect } from 'react';
import { expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { Router } from 'wouter';
import { Device, type DeviceStanding, type Me } from '@pier/shared/api';
import { matches, parseSelector } from '@pier/shared/selector';
import { newStore, useStore } from '../../api/index.ts';
import { useKeyboard } from '../../shell/index.ts';
import { show } from '../../testing/render.tsx';
import DevicesPage from './index.tsx';

type Query = { readonly selector?: string; readonly search?: string; readonly standing?: string; readonly order?: string; readonly limit?: number; readonly cursor?: string };
const queryOf = (request: unknown): Query => (request as { query?: Query }).query ?? {};

/** As much of a manager as the list talks to: it filters, orders and pages as the real one does. */
function fleetOf(size: number) {
  const standings = new Map<string, DeviceStanding>();
  const asked: Query[] = [];
  const tagged: unknown[] = [];
  const device = (n: number): Device => {
    const id = `pump-${String(n).padStart(4, '0')}`;
    const standing = standings.get(id) ?? 'in_step';
    return Device.parse({ id, name: id, model: 'raspberry-pi-5', tags: { site: n % 2 === 0 ? 'dunmore' : 'lab' }, state: 'active', standing, why: standing === 'in_step' ? null : { code: 'app.health_failed', reason: 'not ready within 60 s' }, online: true, lastSeenAt: '2026-01-01T00:00:00.000Z', agent: '0.1.0', rev: 1, apps: [{ app: 'blink', version: '1.4.0', wanted: standing === 'failed' ? '1.5.0' : '1.4.0', state: null, hold: null }], createdAt: '' });
  };
  const found = ({ selector, search, standing, order }: Query): Device[] => {
    const read = selector === undefined ? undefined : parseSelector(selector);
    const all = Array.from({ length: size }, (_, n) => device(n)).filter((one) => (read === undefined || matches(read, one)) && (search === undefined || one.id.includes(search)) && (standing === undefined || standing.split(',').includes(one.standing)));
    return order === 'standing' ? all.toSorted((a, b) => Number(b.standing === 'failed') - Number(a.standing === 'failed')) : all;
  };
  const countOf = (query: Query) => {
    const all = found(query);
    return { total: all.length, online: all.length, standings: Object.fromEntries([...new Set(all.map(({ standing }) => standing))].map((one) => [one, all.filter(({ standing }) => standing === one).length])) };
  };
  const answers = {
    listDevices: (request: unknown) => {
      const query = queryOf(request);
      asked.push(query);
      const from = Number(query.cursor ?? 0);
      const items = found(query).slice(from, from + (query.limit ?? 50));
      return { items, next: from + items.length < found(query).length ? String(from + items.length) : null };
    },
    countDevices: (request: unknown) => countOf(queryOf(request)),
    getFleet: () => ({ ...countOf({}), at: '2026-01-01T00:00:00.000Z', apps: [], sites: [], pending: 0 }),
    listViews: () => ({ items: [{ name: 'My lab', query: 'q=site%3Dlab', createdAt: '' }] }),
    putView: () => ({ name: 'Worst first', query: '', createdAt: '' }),
    tagDevices: (request: unknown) => {
      tagged.push((request as { body: unknown }).body);
      return { devices: 1 };
    },
  };
  return { answers, standings, asked, tagged };
}

/** What the shell does around a page: a key finds its shortcut. */
function Keys(): ReactNode {
  const { known } = useKeyboard();
  useEffect(() => {
    const hear = ({ key, target }: KeyboardEvent): void => {
      if (!(target instanceof HTMLInputElement && target.type === 'text')) known.get().findLast(({ keys }) => keys === key)?.act();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [known]);
  return null;
}

function at(path: string, fleet: ReturnType<typeof fleetOf>, me?: Me) {
  const address = newStore(path);
  const useAddress = (): [string, (to: string) => void] => [useStore(address).split('?')[0] ?? '', address.set];
  const useSearch = (): string => useStore(address).split('?')[1] ?? '';
  const node: ReactNode = <Router hook={useAddress} searchHook={useSearch}><Keys /><div style={{ height: 700 }}><DevicesPage /></div></Router>;
  return show(node, { answers: fleet.answers, ...(me && { me }) }).then((screen) => ({ screen, path: address.get }));
}

test('a thousand devices are a table of all of them, of which only those in sight are drawn and read', async () => {
  const fleet = fleetOf(1_000);
  const { screen } = await at('/devices', fleet);
  await expect.element(screen.getByRole('link', { name: 'pump-0000' })).toBeVisible();
  const table = screen.getByRole('table', { name: 'Devices' });
  await expect.element(table).toHaveAttribute('aria-rowcount', '1001');
  expect(table.element().querySelectorAll('tbody tr[data-row]').length).toBeLessThan(60);
  const pages = (): (string | undefined)[] => fleet.asked.filter(({ limit }) => limit === 100).map(({ cursor }) => cursor);
  await expect.poll(() => pages()).toEqual([undefined]);
  const box = screen.getByRole('region', { name: 'List of devices' }).element();
  box.scrollTop = 80 * 26;
  await expect.poll(pages).toEqual([undefined, '100']);
  await expect.element(screen.getByRole('row', { name: /pump-0085/ })).toHaveAttribute('aria-rowindex', '87');
  await expect.element(page.getByText(/^rows 81 to \d+ of 1,000$/)).toBeVisible();
});

test('what a row says changes in place; its place waits until it is sorted again', async () => {
  const fleet = fleetOf(6);
  fleet.standings.set('pump-0003', 'failed');
  const { screen } = await at('/devices?order=standing', fleet);
  const names = (): string[] => [...screen.getByRole('table', { name: 'Devices' }).element().querySelectorAll('tbody a')].map((link) => link.textContent);
  await expect.poll(() => names()[0]).toBe('pump-0003');
  await screen.getByRole('checkbox', { name: 'Choose pump-0005' }).click();
  fleet.standings.set('pump-0005', 'failed');
  await screen.getByRole('button', { name: 'Save view' }).click();
  await screen.getByRole('textbox', { name: 'Name' }).fill('Worst first');
  await screen.getByRole('dialog').getByRole('button', { name: 'Save view' }).click();
  await expect.element(screen.getByRole('row', { name: /pump-0005/ }).getByText('Failed')).toBeVisible();
  await expect.poll(() => names().at(-1)).toBe('pump-0005');
  await screen.getByRole('button', { name: '1 changed: sort again' }).click();
  await expect.poll(() => names().slice(0, 2)).toEqual(['pump-0003', 'pump-0005']);
});

async function tagWith(screen: Awaited<ReturnType<typeof at>>['screen'], text: string): Promise<void> {
  await screen.getByRole('button', { name: 'Tags…' }).click();
  await screen.getByRole('textbox', { name: 'Set' }).fill(text);
  await screen.getByRole('button', { name: /^Change / }).click();
  await expect.element(screen.getByRole('dialog')).not.toBeInTheDocument();
}

test('some, a range or all that match are chosen; all are named by their selector, not by what is loaded', async () => {
  const fleet = fleetOf(300);
  const { screen } = await at('/devices?q=site%3Dlab', fleet);
  await screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await screen.getByRole('checkbox', { name: 'Choose pump-0007' }).click({ modifiers: ['Shift'] });
  await expect.element(screen.getByText('4 chosen')).toBeVisible();
  await screen.getByRole('button', { name: 'Choose all 150 that match' }).click();
  await expect.element(screen.getByText('150 chosen')).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Roll out to these…' })).not.toHaveAttribute('aria-disabled', 'true');
  await tagWith(screen, 'role=pump');
  await expect.poll(() => fleet.tagged.at(-1)).toEqual({ selector: 'site=lab', setTags: { role: 'pump' } });
  await expect.element(screen.getByText('Tags of 150 devices changed.')).toBeVisible();
  await expect.element(screen.getByText('Nothing chosen')).toBeVisible();
  await screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await screen.getByRole('button', { name: 'Choose all 150 that match' }).click();
  await screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await tagWith(screen, 'role=pump');
  const { devices } = fleet.tagged.at(-1) as { devices: string[] };
  expect([devices.length, devices.includes('pump-0001'), devices.includes('pump-0299')]).toEqual([149, false, true]);
});

test('a rollout to those that are chosen is opened with their ids, or with the query that names all of them', async () => {
  const some = await at('/devices?q=site%3Dlab', fleetOf(300));
  await some.screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await some.screen.getByRole('checkbox', { name: 'Choose pump-0003' }).click();
  await some.screen.getByRole('button', { name: 'Roll out to these…' }).click();
  await expect.poll(() => some.path()).toBe('/rollouts/new?devices=pump-0001%2Cpump-0003');
  await some.screen.unmount();
  const all = await at('/devices?q=site%3Dlab', fleetOf(300));
  await all.screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await all.screen.getByRole('button', { name: 'Choose all 150 that match' }).click();
  await all.screen.getByRole('button', { name: 'Roll out to these…' }).click();
  await expect.poll(() => all.path()).toBe('/rollouts/new?selector=site%3Dlab');
});

test('rows are gone through and chosen by keys', async () => {
  const { screen } = await at('/devices', fleetOf(10));
  await expect.element(screen.getByRole('link', { name: 'pump-0000' })).toBeVisible();
  await userEvent.keyboard('jj');
  await expect.element(screen.getByRole('link', { name: 'pump-0001' })).toHaveFocus();
  await userEvent.keyboard('xjjX');
  await expect.element(screen.getByText('3 chosen')).toBeVisible();
  await userEvent.keyboard('{Escape}');
  await expect.element(screen.getByText('Nothing chosen')).toBeVisible();
});

test('counters add up to the query without its standing, and narrow it', async () => {
  const fleet = fleetOf(40);
  fleet.standings.set('pump-0002', 'failed');
  fleet.standings.set('pump-0004', 'refused');
  const { screen, path } = await at('/devices?q=site%3Ddunmore', fleet);
  await screen.getByRole('button', { name: 'failed 1' }).click();
  await expect.poll(() => path()).toBe('/devices?q=site%3Ddunmore&standing=failed');
  await expect.element(screen.getByRole('table', { name: 'Devices' })).toHaveAttribute('aria-rowcount', '2');
  await expect.element(screen.getByRole('button', { name: 'in step 18' })).toBeVisible();
  await screen.getByRole('button', { name: 'failed 1' }).click();
  await expect.poll(() => path()).toBe('/devices?q=site%3Ddunmore');
  await screen.getByRole('link', { name: 'My lab 20' }).click();
  await expect.poll(() => path()).toBe('/devices?q=site%3Dlab&view=My+lab');
});

test('nothing matches: says which condition fails, and what was meant', async () => {
  const { screen, path } = await at('/devices?q=site%3Ddunmor+and+online%3Dtrue', fleetOf(10));
  await expect.element(screen.getByText('site=dunmor matches no device.')).toBeVisible();
  await screen.getByRole('button', { name: 'Use site=dunmore' }).click();
  await expect.poll(() => path()).toBe('/devices?q=site%3Ddunmore+and+online%3Dtrue');
});

test('without any device there is one step; who may only look is told why the rest is off', async () => {
  const empty = await at('/devices', fleetOf(0));
  await expect.element(empty.screen.getByRole('link', { name: 'Enrol the first device' })).toHaveAttribute('href', '/enrol');
  await empty.screen.unmount();
  const { screen } = await at('/devices', fleetOf(3), { user: 'vera', role: 'viewer' });
  await screen.getByRole('checkbox', { name: 'Choose pump-0001' }).click();
  await expect.element(screen.getByRole('button', { name: 'Tags…' })).toHaveAccessibleDescription('For operators; you are viewer.');
});
