/** What pages say where there is nothing yet, and where nothing fits what was asked for: two conditions that must not look alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Seat, type TestBrowser, axeViolations, openBrowser, settled } from '../support/browser.ts';
import { type Stage, openStage } from '../support/stage.ts';

let dir: string;
let stage: Stage;
let browser: TestBrowser;
let seat: Seat;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pier-empty-'));
  stage = openStage(dir);
  const [{ ready }, opened] = await Promise.all([stage.startManager(), openBrowser()]);
  browser = opened;
  seat = await browser.sit({ http: ready.http, ...ready.admin });
});
afterAll(async () => {
  await seat?.[Symbol.asyncDispose]();
  await browser?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const condition = (name: string) => seat.page.locator(`[data-condition="${name}"]`);

describe('a manager that nobody has used yet', () => {
  test('its overview leads to the first device, step by step, with a command to type', async () => {
    await seat.open('/');
    await expect.poll(() => seat.page.locator('h1').innerText()).toMatch(/no devices/i);
    await expect.poll(() => seat.page.locator('ol > li').count()).toBeGreaterThanOrEqual(4);
    expect(await axeViolations(seat.page)).toEqual([]);
  });

  test.each([
    ['/rollouts', /rollout/i],
    ['/devices', /no device/i],
    ['/releases', /release/i],
    ['/enrol', /token|ask/i],
    ['/simulator', /board/i],
    ['/keys', /policy/i],
  ])('%s says in a sentence that there is nothing yet, and one step that changes it', async (path, says) => {
    await seat.open(path);
    await expect.poll(() => condition('empty').first().innerText()).toMatch(says);
    // A page has several parts, each with a question of its own: the last answer may come after the first "empty".
    await settled(seat.page);
    expect([await condition('error').count(), await condition('no-match').count()]).toEqual([0, 0]);
    expect(await axeViolations(seat.page)).toEqual([]);
  });

  test.each([
    ['/audit?actor=nobody', /nobody/],
    ['/releases?app=none-such', /none-such/],
  ])('%s names what was asked for, since there may be something else', async (path, says) => {
    await seat.open(path);
    await expect.poll(() => seat.page.locator('[data-condition="no-match"], [data-condition="empty"]').count()).toBeGreaterThan(0);
    await expect.poll(() => seat.page.locator('main').innerText()).toMatch(says);
  });

  test.each(['/devices/none-such', '/rollouts/none-such', '/releases/none-such', '/simulator/none-such'])('%s says that there is no such thing, and leads back to the list', async (path) => {
    await seat.open(path);
    // It names the thing already while it waits for it.
    await expect.poll(() => seat.page.locator('main').innerText()).toMatch(/none-such.*\b(?:no|not) |\b(?:no|not) .*none-such/is);
    await seat.page.locator(`main a[href="/${path.split('/')[1]}"]`).first().click();
    await expect.poll(() => new URL(seat.page.url()).pathname).toBe(`/${path.split('/')[1]}`);
  });
});
