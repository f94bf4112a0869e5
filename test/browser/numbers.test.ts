/** Each number on a page is what SQL says at the same moment, by a query that has nothing of the manager's own. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Seat, type TestBrowser, openBrowser } from '../support/browser.ts';
import { wat } from '../support/wat.ts';
import { type World, openWorld, rolloutIn, until } from '../support/world.ts';
import { type OwnDatabase, openOwnDatabase } from './own-database.ts';

const boards = 40;
const guest = '(module (memory (export "memory") 1) (func (export "_start")))';

let database: OwnDatabase;
let world: World;
let browser: TestBrowser;
let seat: Seat;
let rollouts: { readonly completed: string; readonly paused: string; readonly asking: string };
let release: string;

beforeAll(async () => {
  [database, browser] = await Promise.all([openOwnDatabase(), openBrowser()]);
  world = await openWorld({ DATABASE_URL: database.url });
  const fleet = await world.stage.startFleet({ boards, manager: world.manager.device, token: await world.token({ uses: boards }), behave: ['fails=20', 'refuses=10'] });
  const sites = { harbour: fleet.devices.slice(0, 22), mill: fleet.devices.slice(22, 34) };
  for (const [site, devices] of Object.entries(sites)) await world.api.call('tagDevices', { body: { devices: devices.map((one) => one as never), setTags: { site } } });
  const wasm = await wat(guest);
  const one = await world.push({ app: 'one', version: '1.0.0', counter: 1, wasm });
  const two = await world.push({ app: 'two', version: '2.0.0', counter: 1, wasm });
  const three = await world.push({ app: 'three', version: '3.0.0', counter: 1, wasm, asks: { gpio: [{ label: 'bell', mode: 'in' }] } });
  // It goes through whatever happens; it stops at the first failure; it waits until somebody binds.
  const lenient = { successPercent: 0, failurePercent: 100 };
  const completed = await world.rollOutTo(one, { selector: 'site=harbour', soakS: 0, deadlineS: 600, waves: [{ take: { by: 'count', count: 4 }, gate: lenient }, { take: { by: 'rest' }, gate: lenient }] });
  const paused = await world.rollOutTo(two, { selector: 'site in (harbour, mill)', soakS: 0, deadlineS: 600, waves: [{ take: { by: 'percent', percent: 50 } }, { take: { by: 'rest' } }] });
  const asking = await world.rollOutTo(three, { selector: 'site=mill', soakS: 0, deadlineS: 600 });
  await rolloutIn(world, completed, ['completed'], 240_000);
  await rolloutIn(world, paused, ['paused'], 240_000);
  await rolloutIn(world, asking, ['awaiting_approval']);
  await until('nothing at work', async () => (await database.count(`select count(*) from deployment where rollout_id = any($1) and state not in ('waiting', 'proven', 'failed', 'refused')`, [[completed, paused]])) === 0, 240_000);
  await world.api.call('revokeDevice', { params: { device: fleet.devices.at(-1) as never }, body: {} });
  await until('the one that was put out gone', async () => (await database.count(`select count(*) from device d join device_live l on l.device_id = d.id where d.state = 'revoked' and l.online`)) === 0, 240_000);
  // Nothing moves from here on. Some fall silent for good: what they say counts as older than this. One asks to come in.
  await database.rows(`update device_live set online = false, boot = boot + 1 where device_id in (select id from device where state = 'active' order by id limit 5)`);
  await database.rows(`insert into device (id, name, model, profile, key_id, state) select 'stranger', 'stranger', model, profile, 'sha256:stranger', 'pending' from device limit 1`);
  await database.rows(`insert into pending_device (device_id, token_id) select 'stranger', id from claim_token limit 1`);
  rollouts = { completed, paused, asking };
  release = (await world.api.call('getRollout', { params: { id: completed } })).release;
  seat = await browser.sit({ http: world.manager.http, ...world.manager.admin });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** Both at the same moment, again until they agree: a page may be about to ask. */
async function agree<T>(shown: () => Promise<T>, counted: () => Promise<T>): Promise<T> {
  let last: { readonly shown: T; readonly counted: T } | undefined;
  const look = async () => {
    last = { shown: await shown(), counted: await counted() };
    return { ...last, agrees: isDeepStrictEqual(last.shown, last.counted) };
  };
  await expect.poll(look).toMatchObject({ agrees: true });
  return (last as { readonly counted: T }).counted;
}

/** By standing: who is put out, waits outside, or is silent; else the worst that a deployment left. */
const standingsSql = `
  with worst as (
    select device_id, min(case when state in ('failed', 'timed_out') then 1 when state = 'refused' then 2 when state = 'soaking' then 4 when state = 'waiting' then 5 when state = 'proven' then 9 else 3 end) as place from deployment group by 1)
  select case when d.state = 'revoked' then 'Revoked' when d.state = 'pending' then 'Asks to join' when l.online is null then 'Never heard' when not l.online then 'Offline'
    when place = 1 then 'Failed' when place = 2 then 'Refused' when place = 3 then 'Updating' when place = 4 then 'Soaking' when place = 5 then 'Waiting' else 'In step' end as word, count(*)::int as n
  from device d left join device_live l on l.device_id = d.id left join worst w on w.device_id = d.id group by 1`;
type Counts = Record<string, number>;
const standings = async (): Promise<Counts> => sorted((await database.rows<{ word: string; n: number }>(standingsSql)).map(({ word, n }) => [word, n]));
const sorted = (all: readonly (readonly [string, number])[]): Counts => Object.fromEntries(all.filter(([, n]) => n > 0).toSorted(([a], [b]) => a.localeCompare(b)));
const number = (text: string | undefined): number => Number((text ?? 'none').replaceAll(',', ''));

/** Pairs of a word and a number, as the elements of a list show them. */
async function pairs(list: string, word: string, n: string): Promise<Counts> {
  const found = await seat.page.evaluate<[string, string][]>(`[...document.querySelectorAll(${JSON.stringify(list)})].map((one) => [one.querySelector(${JSON.stringify(word)}).innerText, one.querySelector(${JSON.stringify(n)}).innerText])`);
  return sorted(found.map(([name, count]) => [name.trim(), number(count)]));
}

test('the overview: how devices stand, the total, who can be reached', async () => {
  const { page } = seat;
  await seat.open('/');
  const truth = await agree(() => pairs('.counters .counter', '.mark', '.counter-n'), standings);
  // A world in which all were well would prove little.
  expect(Object.keys(truth)).toEqual(expect.arrayContaining(['Asks to join', 'Failed', 'In step', 'Offline', 'Refused', 'Revoked', 'Waiting']));
  await agree(async () => page.locator('h1').innerText(), async () => `${await database.count('select count(*) from device')} devices`);
  await agree(async () => (await page.getByText(/ reachable$/).first().innerText()).trim(), async () => `${await database.count('select count(*) from device_live where online')} of ${await database.count('select count(*) from device')} reachable`);
  expect(seat.complaints()).toEqual([]);
});

test('the overview: sites with those that are away, and each leads to just these devices', async () => {
  const { page } = seat;
  type Site = { readonly site: string; readonly devices: number; readonly away: number };
  const shown = async (): Promise<Site[]> => {
    const rows = await page.evaluate<string[][]>(`[...document.querySelectorAll('.overview-sites tbody tr')].map((tr) => [...tr.cells].map((cell) => cell.innerText))`);
    return rows.map(([site = '', devices, , away = '']) => ({ site, devices: number(devices), away: away === 'none' ? 0 : number(away.split(' of ')[0]) })).toSorted((a, b) => a.site.localeCompare(b.site));
  };
  await seat.open('/');
  const truth = await agree(shown, () => database.rows<Site>(`
    select coalesce(tags->>'site', 'no site') as site, count(*)::int as devices, count(*) filter (where l.online is not true)::int as away
    from device d left join device_live l on l.device_id = d.id group by 1 order by 1`));
  await page.getByRole('link', { name: 'harbour', exact: true }).click();
  await expect.poll(() => page.locator('.query-count').innerText()).toBe(`22 of ${boards + 1}`);
  expect(truth.map(({ site }) => site)).toEqual(['harbour', 'mill', 'no site']);
});

test('the side bar: rollouts that are live, devices, boards that ask to join', async () => {
  const { page } = seat;
  const link = async (name: string): Promise<number> => number(await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).locator('.side-n').innerText());
  await seat.open('/rollouts');
  const truth = await agree(async () => [await link('Rollouts'), await link('Devices'), await link('Enrol')], async () => [
    await database.count(`select count(*) from rollout where state in ('running', 'paused', 'awaiting_approval', 'aborting', 'rolling_back')`), await database.count('select count(*) from device'), await database.count('select count(*) from pending_device'),
  ]);
  expect(truth).toEqual([2, boards + 1, 1]);
});

test('the list of devices: its tabs, its standings, its count, and the rows of one of them', async () => {
  const { page } = seat;
  await seat.open('/devices');
  const buttons = async (): Promise<Counts> => {
    const texts = await page.getByRole('group', { name: 'Narrow by standing' }).getByRole('button').allInnerTexts();
    return sorted(texts.map((text) => [text.trim().replace(/\s*[\d,]+$/, '').replace(/^./, (letter) => letter.toUpperCase()), number(/[\d,]+$/.exec(text.trim())?.[0])]));
  };
  const truth = await agree(buttons, standings);
  const sum = (...words: string[]): number => words.reduce((all, word) => all + (truth[word] ?? 0), 0);
  const tabs = async (): Promise<string[]> => (await page.getByRole('navigation', { name: 'Views' }).getByRole('link').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
  await expect.poll(tabs).toEqual([`All ${boards + 1}`, `Needs attention ${sum('Failed', 'Refused', 'Held')}`, `Offline ${sum('Offline')}`, `Not updated ${sum('Failed', 'Refused', 'Updating', 'Soaking', 'Held', 'Waiting')}`]);
  await page.getByRole('button', { name: /^failed/ }).click();
  await expect.poll(() => page.locator('.query-count').innerText()).toBe(`${truth['Failed']} of ${boards + 1}`);
  await expect.poll(() => page.locator('tr[data-row]').count()).toBe(truth['Failed']);
});

test('a rollout that its gate paused: the counters of its wave, and a ledger that adds up to those that are not proven', async () => {
  const { page } = seat;
  await seat.open(`/rollouts/${rollouts.paused}`);
  const counters = async (): Promise<Counts> => {
    const { Absent = 0, Waiting = 0, ...rest } = await pairs('.berth-counters > div', 'dt', 'dd');
    return sorted(Object.entries({ ...rest, Waiting: Waiting + Absent }));
  };
  const truth = await agree(counters, async () => sorted((await database.rows<{ state: string; n: number }>(`select state, count(*)::int as n from deployment where rollout_id = $1 and wave = 1 group by 1`, [rollouts.paused])).map(({ state, n }) => [state.replace(/^./, (letter) => letter.toUpperCase()), n])));
  expect(truth['Failed']).toBeGreaterThan(0);
  const ledger = async (): Promise<number> => (await page.locator('.reason-ledger .reason-n').allInnerTexts()).reduce((sum, text) => sum + number(text), 0);
  const left = await agree(ledger, () => database.count(`select count(*) from deployment where rollout_id = $1 and state <> 'proven'`, [rollouts.paused]));
  const all = await database.count('select count(*) from deployment where rollout_id = $1', [rollouts.paused]);
  await page.getByRole('heading', { name: new RegExp(`^${all - left} of ${all} proven`) }).waitFor();
  expect(seat.complaints()).toEqual([]);
});

test('the list of all rollouts: how many of how many are proven, in each', async () => {
  const { page } = seat;
  await seat.open('/rollouts?show=all');
  const shown = async (): Promise<string[]> => (await page.evaluate<string[]>(`[...document.querySelectorAll('.rollouts-table tbody tr')].map((tr) => tr.cells[5].innerText)`)).toSorted();
  const truth = await agree(shown, async () => (await database.rows<{ says: string }>(`select count(*) filter (where state = 'proven') || ' of ' || count(*) as says from deployment group by rollout_id`)).map(({ says }) => says).toSorted());
  expect(truth).toHaveLength(3);
});

test('a release: on how many devices it runs, as they report it', async () => {
  const { page } = seat;
  await seat.open(`/releases/${release}`);
  const shown = async (): Promise<number> => number(await page.locator('.release-figure .figure').innerText());
  const truth = await agree(shown, () => database.count(`select count(*) from device_state s join release r on r.id = $1 where s.reported #>> array['apps', r.app, 'running', 'digest'] = r.digest`, [release]));
  expect(truth).toBeGreaterThan(5);
});
