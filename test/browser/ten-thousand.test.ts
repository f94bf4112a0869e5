/** A fleet of ten thousand on the page of devices: only what can be seen is fetched, drawn and kept fresh. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page, Response } from 'playwright-core';
import { type AnswerOf, type CallOf, DeviceStanding } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { type Seat, type TestBrowser, openBrowser } from '../support/browser.ts';
import { readBundle, totalBytes } from '../support/bundle.ts';
import { type ManyDevices, keepChanging, openManyDevices } from './many-devices.ts';

const devices = 10_000;

let many: ManyDevices;
let browser: TestBrowser;
let seat: Seat;
let wire: Wire;

beforeAll(async () => {
  [many, browser] = await Promise.all([openManyDevices(devices), openBrowser()]);
  seat = await browser.sit({ http: many.manager.http, ...many.manager.admin });
  wire = listen(seat.page);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await many?.[Symbol.asyncDispose]();
});

type Query = NonNullable<CallOf<'listDevices'>['query']>;
type Asked = { readonly query: Query; readonly rows: number };
type Wire = { /** The questions for rows that were answered since it was asked last. */ take(): Promise<Asked[]> };

/** What the page fetches of the list of devices, as it comes over the wire. */
function listen(page: Page): Wire {
  const answers: Promise<Asked[]>[] = [];
  const read = async (response: Response): Promise<Asked[]> => {
    const { pathname, searchParams } = new URL(response.url());
    if (pathname !== '/api/v1/devices' || !response.ok()) return [];
    // An answer that the page gave up has no body any more, and none of its rows was taken.
    const body = await response.json().then((json: AnswerOf<'listDevices'>) => json, () => undefined);
    return body === undefined ? [] : [{ query: Object.fromEntries(searchParams) as Query, rows: body.items.length }];
  };
  page.on('response', (response) => void answers.push(read(response)));
  return { take: async () => (await Promise.all(answers.splice(0))).flat() };
}

const rowsOf = (asked: readonly Asked[]): number => asked.reduce((sum, { rows }) => sum + rows, 0);
const table = (page: Page) => page.getByRole('table', { name: 'Devices' });
const list = (page: Page) => page.getByRole('region', { name: 'List of devices' });
const countShown = (page: Page) => page.locator('.query-count').innerText();

type Shown = { readonly row: number; readonly name: string; readonly site: string };
/** The rows that are drawn now, at once. */
function shownRows(page: Page): Promise<Shown[]> {
  return page.evaluate<Shown[]>(`[...document.querySelectorAll('table[aria-label="Devices"] tbody tr[data-row]')].map((tr) => ({ row: Number(tr.dataset.row), name: tr.querySelector('[data-column="name"]').innerText, site: tr.querySelector('[data-column="site"]').innerText }))`);
}
/** Scrolls by so many pixels, and waits until the first and the last row that are then in sight are there: those between them come with them. */
async function scrollBy(page: Page, px: number): Promise<void> {
  const inSight = await list(page).evaluate<[number, number], number>((node, by) => {
    node.scrollTop += by;
    const rows = Number(node.querySelector('table')?.ariaRowCount) - 1;
    return [Math.ceil(node.scrollTop / 26), Math.min(rows - 1, Math.floor((node.scrollTop + node.clientHeight - 25) / 26) - 1)];
  }, px);
  for (const row of inSight) await page.locator(`tr[data-row="${row}"]`).waitFor();
}

describe('ten thousand devices', () => {
  test('are counted, and at most two hundred rows of them are fetched to open the page', async () => {
    await seat.open('/devices');
    await table(seat.page).locator('tr[data-row="0"]').waitFor();
    await expect.poll(() => countShown(seat.page)).toBe('10,000 of 10,000');
    await expect.poll(() => table(seat.page).getAttribute('aria-rowcount')).toBe('10001');
    const asked = await wire.take();
    expect(rowsOf(asked)).toBeGreaterThan(20);
    expect(rowsOf(asked)).toBeLessThanOrEqual(200);
  });

  test('are drawn as far as they can be seen, and fetched as far as somebody scrolls', async () => {
    const { page } = seat;
    await wire.take();
    const screenPx = await list(page).evaluate((node) => node.clientHeight);
    for (let screen = 0; screen < 15; screen += 1) await scrollBy(page, screenPx);
    const scrolled = Math.ceil((15 * screenPx) / 26);
    const shown = await shownRows(page);
    expect(shown.length).toBeLessThan(120);
    expect(shown.map(({ row }) => row)).toContain(scrolled);
    const asked = await wire.take();
    expect(rowsOf(asked)).toBeGreaterThan(scrolled - 200);
    expect(rowsOf(asked)).toBeLessThan(scrolled + 300);
    for (const { query } of asked) expect(Number(query.limit)).toBeLessThanOrEqual(500);
    expect(seat.complaints()).toEqual([]);
  });

  test('are narrowed by a selector that is typed, and by a standing, with the counts that SQL has', async () => {
    const { page } = seat;
    const query = page.getByRole('combobox', { name: 'Which devices' });
    await query.fill('site=site-9');
    await query.press('Enter');
    await expect.poll(() => countShown(page)).toBe('1,000 of 10,000');
    expect(await many.database.count(`select count(*) from device where tags->>'site' = 'site-9'`)).toBe(1_000);
    await query.fill('row in (9, 19)');
    await query.press('Enter');
    await expect.poll(() => countShown(page)).toBe('200 of 10,000');
    await page.getByRole('button', { name: /^offline 200$/ }).click();
    await expect.poll(() => countShown(page)).toBe('200 of 10,000');
    await expect.poll(() => DeviceStanding.safeParse(new URL(page.url()).searchParams.get('standing')).success).toBe(true);
    await expect.poll(async () => new Set((await shownRows(page)).map(({ name }) => name.slice(-2)))).toEqual(new Set(['09', '19']));
    expect(await many.database.count(`select count(*) from device d join device_live l on l.device_id = d.id where d.tags->>'site' = 'site-9' and d.tags->>'row' in ('9', '19') and not l.online`)).toBe(200);
  });

  test('a thousand of them, read to the end: each once, none missing, in order', async () => {
    const { page } = seat;
    await seat.open('/devices?q=site%3Dsite-3');
    await page.locator('tr[data-row="0"]').waitFor();
    const seen = new Map<number, string>();
    const screenPx = await list(page).evaluate((node) => node.clientHeight - 26);
    await wire.take();
    for (let last = 0; last < 999; ) {
      for (const { row, name } of await shownRows(page)) {
        expect([undefined, name]).toContain(seen.get(row));
        seen.set(row, name);
      }
      last = Math.max(...seen.keys());
      if (last < 999) await scrollBy(page, screenPx);
    }
    const names = [...seen].toSorted(([a], [b]) => a - b).map(([, name]) => name);
    const inSql = await many.database.rows<{ id: string }>(`select id from device where tags->>'site' = 'site-3' order by id`);
    expect(names).toEqual(inSql.map(({ id }) => id));
    expect(rowsOf(await wire.take())).toBeLessThanOrEqual(1_000);
  });

  test('while five hundred of them change each second, somebody who scrolls asks for few rows, and sees the new values', async () => {
    const { page } = seat;
    await seat.open('/devices');
    await page.locator('tr[data-row="0"]').waitFor();
    await wire.take();
    const startMs = systemClock.monotonicMs();
    await using changing = keepChanging(many.api, 500);
    await list(page).hover();
    for (let step = 0; step < 40; step += 1) {
      await page.mouse.wheel(0, step < 20 ? 300 : -200);
      await systemClock.sleep(100);
    }
    await expect.poll(changing.changed, { timeout: 180_000 }).toBeGreaterThan(2_000);
    await changing[Symbol.asyncDispose]();
    const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
    const asked = await wire.take();
    // Each second: the blocks that can be seen once, and a page now and then.
    expect(asked.length / seconds).toBeLessThan(10);
    expect(rowsOf(asked) / seconds).toBeLessThan(300);
    const stale = async (): Promise<Shown[]> => {
      const shown = await shownRows(page);
      const now = await many.database.rows<{ id: string; site: string }>(`select id, tags->>'site' as site from device where id = any($1)`, [shown.map(({ name }) => name)]);
      const siteOf = new Map(now.map(({ id, site }) => [id, site]));
      return shown.filter(({ name, site }) => siteOf.get(name) !== site);
    };
    await expect.poll(stale).toEqual([]);
    // One more change, to a row in the middle of those that are drawn.
    const drawn = await shownRows(page);
    const { name: middle } = drawn[Math.floor(drawn.length / 2)] as Shown;
    await many.api.call('tagDevices', { body: { selector: `name=${middle}`, setTags: { site: 'seen-anew' } } });
    await expect.poll(async () => (await shownRows(page)).find(({ name }) => name === middle)?.site).toBe('seen-anew');
    expect(seat.complaints()).toEqual([]);
  });
});

test('what a browser has to load before the first page shows anything is at most 250 kB of script, as it comes over the wire', async () => {
  expect(totalBytes(readBundle().initial)).toBeLessThanOrEqual(250_000);
  await using other = await browser.sit({ http: many.manager.http, ...many.manager.admin });
  await other.open('/');
  const loaded = await other.page.evaluate<number>(`performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`);
  expect(loaded).toBeGreaterThan(50_000);
  expect(loaded).toBeLessThanOrEqual(250_000);
});
