/** Every page, as everybody sees it: both schemes, desk and phone; and its conditions, caused on the wire. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PagePath, pagePaths } from '@pier/shared/api';
import { type Seat, type TestBrowser, axeViolations, openBrowser, overflowOf } from '../support/browser.ts';
import { openLine } from '../support/line.ts';
import { type Harbour, openHarbour } from './harbour.ts';

/** A page of the UI: where it is, its heading, and the question without whose answer it has nothing to show. */
type Shown = { readonly at: (harbour: Harbour) => string; readonly title: RegExp; readonly asks: RegExp };

/** An address of the UI that is not tested here does not compile. */
const shown: Readonly<Record<PagePath, Shown>> = {
  '/': { at: () => '/', title: /device/, asks: /\/api\/v1\/fleet$/ },
  '/rollouts': { at: () => '/rollouts', title: /^Rollouts$/, asks: /\/api\/v1\/rollouts\?/ },
  '/rollouts/new': { at: ({ next }) => `/rollouts/new?release=${next.release}`, title: /^New rollout$/, asks: /\/api\/v1\/releases\?/ },
  '/rollouts/:id': { at: ({ proven }) => `/rollouts/${proven.rollout}`, title: /^blink 1\.0\.0$/, asks: /\/api\/v1\/rollouts\/[^/?]+$/ },
  '/devices': { at: () => '/devices', title: /^Devices$/, asks: /\/api\/v1\/devices\?/ },
  '/devices/:id': { at: ({ devices: [quay] }) => `/devices/${quay}`, title: /quay/, asks: /\/api\/v1\/devices\/[^/?]+$/ },
  '/devices/:id/:tab': { at: ({ devices: [quay] }) => `/devices/${quay}/pins`, title: /quay/, asks: /\/api\/v1\/devices\/[^/?]+$/ },
  '/releases': { at: () => '/releases', title: /^Releases$/, asks: /\/api\/v1\/releases\?/ },
  '/releases/:id': { at: ({ next }) => `/releases/${next.release}`, title: /^blink 1\.1\.0$/, asks: /\/api\/v1\/releases\/[^/?]+$/ },
  '/enrol': { at: () => '/enrol', title: /^Enrol$/, asks: /\/api\/v1\/tokens/ },
  '/simulator': { at: () => '/simulator', title: /^Simulator$/, asks: /\/api\/v1\/simulated-boards$/ },
  '/simulator/:id': { at: ({ board }) => `/simulator/${board}`, title: /board-quay/, asks: /\/api\/v1\/simulated-boards\/[^/?]+$/ },
  '/keys': { at: () => '/keys', title: /^Keys and policy$/, asks: /\/api\/v1\/policy$/ },
  '/audit': { at: () => '/audit', title: /^Audit$/, asks: /\/api\/v1\/audit/ },
  '/people': { at: () => '/people', title: /^People$/, asks: /\/api\/v1\/users/ },
  '/settings': { at: () => '/settings', title: /^Settings$/, asks: /\/api\/v1\/about$/ },
};

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

describe('what the wire does', () => {
  let seat: Seat;
  beforeAll(async () => {
    seat = await sit();
  });
  afterAll(() => seat?.[Symbol.asyncDispose]());

  test.each(pagePaths)('%s: an answer that is late leaves the shape of what comes, one that fails is said in words with its code, and both heal by themselves', async (path) => {
    const { at, asks } = shown[path];
    let answer: 'late' | 'fails' | 'comes' = 'late';
    const held: (() => void)[] = [];
    await seat.page.route(asks, async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      if (answer === 'late') await new Promise<void>((go) => held.push(go));
      if (answer === 'fails') return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Unreachable', status: 503, code: 'unreachable', detail: 'the database is restarting' }) });
      return route.continue();
    });
    await seat.page.goto(at(harbour));
    const { page } = seat;
    await page.locator('[data-condition=loading]').first().waitFor();
    answer = 'fails';
    for (const go of held.splice(0)) go();
    const error = page.locator('[data-condition=error]').first();
    await error.waitFor();
    expect(await error.innerText()).toMatch(/could not be read.*[Tt]he database is restarting\..*unreachable/s);
    expect(await axeViolations(page)).toEqual([]);
    answer = 'comes';
    await error.waitFor({ state: 'detached', timeout: 15_000 });
    await expect.poll(() => page.locator('[data-condition=loading]').count(), { timeout: 10_000 }).toBe(0);
    await page.unroute(asks);
    expect(seat.complaints().filter((one) => !one.includes('503'))).toEqual([]);
  });

  test('a cut line turns "Live" into "Stale" with its age, on whatever page; when it is mended, what changed meanwhile is there', async () => {
    await using line = await openLine(harbour.world.manager.http);
    await using seated = await browser.sit({ http: line.url, ...harbour.admin });
    const { page } = seated;
    await seated.open('/devices');
    await page.getByText('quay').first().waitFor();
    line.cut();
    await page.locator('[data-live=stale]').waitFor();
    expect(await page.locator('[data-live=stale]').innerText()).toMatch(/^Stale, \d+ s$/);
    expect(await page.locator('[data-condition=stale]').innerText()).toMatch(/^Not live since \d\d:\d\d:\d\d\. Numbers below are \d+ s old\./);
    expect(await axeViolations(page)).toEqual([]);
    const { world, devices } = harbour;
    await world.api.call('changeDevice', { params: { device: devices[0] }, body: { name: 'quay-renamed' } });
    line.mend();
    await page.locator('[data-live=live]').waitFor({ timeout: 60_000 });
    await page.getByText('quay-renamed').first().waitFor();
    expect(await page.locator('[data-condition=stale]').count()).toBe(0);
    await world.api.call('changeDevice', { params: { device: devices[0] }, body: { name: 'quay' } });
    await page.getByText('quay-renamed').first().waitFor({ state: 'detached' });
  });
});

test(`the address holds the whole view: a link to blink's devices shows another browser the same`, async () => {
  await using one = await sit();
  await one.open(`/devices?q=site%3Dharbour`);
  await one.page.getByText('quay').first().waitFor();
  expect(await one.page.getByText('mill').count()).toBe(0);
});
