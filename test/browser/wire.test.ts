/** The conditions of every page, caused on the wire: late, failed, cut. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pagePaths } from '@pier/shared/api';
import { type Seat, type TestBrowser, axeViolations, openBrowser, settled } from '../support/browser.ts';
import { openLine } from '../support/line.ts';
import { type Harbour, openHarbour } from './harbour.ts';
import { shown } from './pages.ts';

let harbour: Harbour;
let browser: TestBrowser;

beforeAll(async () => {
  [harbour, browser] = await Promise.all([openHarbour(), openBrowser()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await harbour?.[Symbol.asyncDispose]();
});

const sit = (): Promise<Seat> => browser.sit({ http: harbour.world.manager.http, ...harbour.admin });

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
    await expect.poll(() => held.length).toBeGreaterThan(0);
    answer = 'fails';
    for (const go of held.splice(0)) go();
    const error = page.locator('[data-condition=error]').first();
    await expect.poll(() => error.innerText()).toMatch(/could not be read.*[Tt]he database is restarting\..*unreachable/s);
    expect(await axeViolations(page)).toEqual([]);
    answer = 'comes';
    await error.waitFor({ state: 'detached' });
    await settled(page);
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
    await expect.poll(() => page.locator('[data-live=stale]').innerText()).toMatch(/^Stale, \d+ s$/);
    await expect.poll(() => page.locator('[data-condition=stale]').innerText()).toMatch(/^Not live since \d\d:\d\d:\d\d\. Numbers below are \d+ s old\./);
    expect(await axeViolations(page)).toEqual([]);
    const { world, devices } = harbour;
    await world.api.call('changeDevice', { params: { device: devices[0] }, body: { name: 'quay-renamed' } });
    line.mend();
    await page.locator('[data-live=live]').waitFor();
    await page.getByText('quay-renamed').first().waitFor();
    await expect.poll(() => page.locator('[data-condition=stale]').count()).toBe(0);
    await world.api.call('changeDevice', { params: { device: devices[0] }, body: { name: 'quay' } });
    await page.getByText('quay-renamed').first().waitFor({ state: 'detached' });
  });
});
