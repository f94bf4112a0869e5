/** Every page, as everybody sees it: both schemes, desk and phone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PagePath, pagePaths } from '@pier/shared/api';
import { type Seat, type TestBrowser, axeViolations, openBrowser, overflowOf } from '../support/browser.ts';
import { type Harbour, openHarbour } from './harbour.ts';
import { shown } from './pages.ts';

/** The tabs of a device are pages by their content. */
const tabs = ['apps', 'logs', 'telemetry', 'history', 'identity'] as const;

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
    const tab = tabs.find((one) => path.endsWith(`/${one}`));
    const { at, title } = tab === undefined ? shown[path as PagePath] : { ...shown['/devices/:id'], at: ({ devices: [quay] }: Harbour) => `/devices/${quay}/${tab}` };
    await seat.open(at(harbour));
    await expect.poll(() => seat.page.locator('[data-condition=loading]').count(), { timeout: 10_000 }).toBe(0);
    expect(await seat.page.locator('h1').allInnerTexts()).toEqual([expect.stringMatching(title)]);
    expect(await seat.page.title()).toMatch(/ · Pier$/);
    expect(await axeViolations(seat.page)).toEqual([]);
    expect(await overflowOf(seat.page)).toBeLessThanOrEqual(0);
    expect(seat.complaints()).toEqual([]);
  });
});

test(`the address holds the whole view: a link to blink's devices shows another browser the same`, async () => {
  await using one = await sit();
  await one.open(`/devices?q=site%3Dharbour`);
  await one.page.getByText('quay').first().waitFor();
  expect(await one.page.getByText('mill').count()).toBe(0);
});
