/** Every page, as everybody sees it: both schemes, desk and phone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PagePath, pagePaths } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { type Seat, type TestBrowser, axeViolations, openBrowser, overflowOf, settled } from '../support/browser.ts';
import { type Harbour, openHarbour } from './harbour.ts';
import { type Shown, shown } from './pages.ts';

/** The tabs of a device are pages by their content. */
const tabs = ['apps', 'logs', 'telemetry', 'history', 'identity'] as const;

/** Layout shift as the browser counts it, from the first byte on. */
const countShifts = `shifted = 0; new PerformanceObserver((list) => { for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shifted += value; }).observe({ type: 'layout-shift', buffered: true });`;

let harbour: Harbour;
let browser: TestBrowser;

beforeAll(async () => {
  [harbour, browser] = await Promise.all([openHarbour(), openBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await harbour?.[Symbol.asyncDispose]();
});

const sit = (look: { scheme?: 'light' | 'dark'; width?: number } = {}): Promise<Seat> => browser.sit({ http: harbour.world.manager.http, ...harbour.admin, ...look });

/** Where a page is, or a tab of the first device. */
function placeOf(path: PagePath | `/devices/:id/${(typeof tabs)[number]}`): Pick<Shown, 'at' | 'title'> {
  const tab = tabs.find((one) => path.endsWith(`/${one}`));
  return tab === undefined ? shown[path as PagePath] : { ...shown['/devices/:id'], at: ({ devices: [quay] }) => `/devices/${quay}/${tab}` };
}

describe.each([
  { scheme: 'light', width: 1_440 },
  { scheme: 'dark', width: 1_440 },
  // Colours do not depend on the width, nor places on the scheme: three looks see all of both.
  { scheme: 'light', width: 375 },
] as const)('in $scheme, $width pixels wide', ({ scheme, width }) => {
  let seat: Seat;
  beforeAll(async () => {
    seat = await sit({ scheme, width });
  });
  afterAll(() => seat?.[Symbol.asyncDispose]());

  test.each([...pagePaths, ...tabs.map((tab) => `/devices/:id/${tab}` as const)])('%s reads well: a heading, a title of its own, nothing that axe finds, nothing wider than the window, no complaint of the browser', async (path) => {
    const { at, title } = placeOf(path);
    await seat.open(at(harbour));
    await expect.poll(() => seat.page.locator('h1').allInnerTexts()).toEqual([expect.stringMatching(title)]);
    await expect.poll(() => seat.page.title()).toMatch(/ · Pier$/);
    expect(await axeViolations(seat.page)).toEqual([]);
    expect(await overflowOf(seat.page)).toBeLessThanOrEqual(0);
    expect(seat.complaints()).toEqual([]);
  });
});

describe('on a phone, with answers that come one after the other', () => {
  let seat: Seat;
  beforeAll(async () => {
    seat = await sit({ width: 375 });
    await seat.page.addInitScript(countShifts);
    let asked = 0;
    await seat.page.route('**/api/v1/**', async (route) => {
      asked += 1;
      await systemClock.sleep((asked % 4) * 40);
      await route.continue();
    });
  });
  afterAll(() => seat?.[Symbol.asyncDispose]());

  test.each([...pagePaths, ...tabs.map((tab) => `/devices/:id/${tab}` as const)])('%s stands still: nothing that was shown is pushed away', async (path) => {
    // A machine that stalls for longer than a page waits for its answers shows them as they come: then it is looked at again.
    await expect.poll(async () => {
      await seat.open(placeOf(path).at(harbour));
      await expect.poll(() => seat.page.locator('[data-condition=loading]').count()).toBe(0);
      return seat.page.evaluate<number>('new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => told(shifted))))');
    }, { timeout: 60_000 }).toBeLessThan(0.02);
  });

  test.each(['/rollouts', '/enrol', '/keys', '/people'] as const)('%s hides no column beside the window: its rows are stacks', async (path) => {
    await seat.open(placeOf(path).at(harbour));
    await expect.poll(() => seat.page.locator('[data-condition=loading]').count()).toBe(0);
    expect(await seat.page.locator('.table-scroll').count()).toBeGreaterThan(0);
    expect(await seat.page.evaluate<string[]>(`[...document.querySelectorAll('.table-scroll')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)`)).toEqual([]);
  });
});

test(`the address holds the whole view: a link to blink's devices shows another browser the same`, async () => {
  await using one = await sit();
  await one.open(`/devices?q=site%3Dharbour`);
  await one.page.getByRole('link', { name: 'quay' }).waitFor();
  await settled(one.page);
  expect(await one.page.getByText('mill').count()).toBe(0);
});
