/** Several people, several tabs, and sessions that end under them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { AppName, type DeviceId } from '@pier/shared/core';
import { exampleGuest } from '../support/guests.ts';
import { type TestBrowser, openBrowser } from '../support/browser.ts';
import { type World, button, led, openWorld, until } from '../support/world.ts';
import { type OwnDatabase, openOwnDatabase } from './own-database.ts';
import { type Person, addAccount } from './people.ts';

let database: OwnDatabase;
let world: World;
let browser: TestBrowser;
let people: { readonly ada: Person; readonly bo: Person; readonly vi: Person };
let rollout: string;
let device: DeviceId;

beforeAll(async () => {
  [database, browser] = await Promise.all([openOwnDatabase(), openBrowser()]);
  world = await openWorld({ DATABASE_URL: database.url });
  const [ada, bo, vi] = await Promise.all([addAccount(world.api, 'ada', 'operator'), addAccount(world.api, 'bo', 'operator'), addAccount(world.api, 'vi', 'viewer')]);
  people = { ada, bo, vi };
  const quay = await world.addDevice('quay', { tags: { site: 'harbour' } });
  device = quay.device;
  await world.bind(quay.device, AppName.parse('blink'), { led, button });
  // It soaks for the whole test: nothing moves but what people do.
  const pushed = await world.push({ ...(await exampleGuest('blink')), app: 'blink', version: '1.0.0', counter: 1 });
  rollout = await world.rollOutTo(pushed, { devices: [quay.device], soakS: 3_600, deadlineS: 600 });
  await until('the deployment soaks', async () => (await world.look(device)).deployments.some((one) => one.rollout === rollout && one.state === 'soaking'), 240_000);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const sit = (person: Person) => browser.sit({ http: world.manager.http, ...person });

/** Event streams that this browser holds open now, with the tab that holds each. */
function streamsOf(context: BrowserContext): { readonly open: () => Page[]; readonly all: () => number } {
  const open = new Map<Request, Page>();
  let all = 0;
  context.on('request', (request) => {
    if (new URL(request.url()).pathname !== '/api/v1/events') return;
    all += 1;
    open.set(request, request.frame().page());
  });
  const close = (request: Request): void => void open.delete(request);
  context.on('requestfinished', close);
  context.on('requestfailed', close);
  return { open: () => [...open.values()].filter((page) => !page.isClosed()), all: () => all };
}

describe('several tabs of one browser', () => {
  test('eight tabs have one event stream; when the tab that holds it is closed, another takes over and changes still show', async () => {
    await using seat = await sit(people.ada);
    const streams = streamsOf(seat.context);
    await seat.open('/devices');
    const tabs = [seat.page];
    for (let n = 1; n < 8; n += 1) tabs.push(await seat.context.newPage());
    await Promise.all(tabs.slice(1).map((tab) => tab.goto('/devices')));
    await Promise.all(tabs.map((tab) => tab.locator('[data-live=live]').waitFor()));
    await expect.poll(() => streams.open().map((page) => tabs.indexOf(page))).toEqual([0]);
    const [leader, ...left] = tabs;
    await leader?.close();
    await expect.poll(() => streams.open().map((page) => left.includes(page))).toEqual([true]);
    await Promise.all(left.map((tab) => tab.locator('[data-live=live]').waitFor()));
    await world.api.call('changeDevice', { params: { device }, body: { name: 'quay-anew' } });
    await Promise.all(left.map((tab) => tab.getByText('quay-anew').first().waitFor()));
    await expect.poll(() => streams.open().length).toBe(1);
    expect(streams.all()).toBeLessThanOrEqual(3);
    await world.api.call('changeDevice', { params: { device }, body: { name: 'quay' } });
  });
});

describe('two operators at one rollout', () => {
  test('who decided on what was true before is told who was faster and what they did, and keeps what was typed', async () => {
    const act = async (verb: 'pause' | 'resume'): Promise<void> => {
      const { revision } = await world.api.call('getRollout', { params: { id: rollout } });
      await world.api.call('actOnRollout', { params: { id: rollout }, ifMatch: revision, body: { verb } });
    };
    await act('pause');
    await using one = await sit(people.ada);
    await using other = await sit(people.bo);
    await Promise.all([one.open(`/rollouts/${rollout}`), other.open(`/rollouts/${rollout}`)]);
    await one.page.getByRole('button', { name: 'Abort…' }).click();
    const dialog = one.page.getByRole('dialog');
    const why = dialog.getByLabel('Why (kept in the audit)');
    await why.fill('smoke in the shed');
    await other.page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expect.poll(() => other.page.locator('.page-title').innerText()).toMatch(/Running/);
    // Her own page hears of it, and the numbers in her dialog are new.
    await dialog.getByText('It has changed since you opened this; the numbers here are new.').waitFor();
    const last = dialog.getByRole('button', { name: /^Abort, / });
    await last.click();
    await expect.poll(() => dialog.getByRole('alert').innerText()).toMatch(/bo resumed it \d+ (?:s|min) ago[\s\S]*revision-stale/);
    expect(await why.inputValue()).toBe('smoke in the shed');
    expect((await world.api.call('getRollout', { params: { id: rollout } })).state).toBe('running');
    // Told so, she decides anew.
    await last.click();
    await dialog.waitFor({ state: 'detached' });
    await Promise.all([one, other].map(({ page }) => expect.poll(() => page.locator('.page-title').innerText()).toMatch(/Abort/)));
    await other.page.getByText('smoke in the shed').first().waitFor();
    expect(one.complaints()).toEqual([expect.stringMatching(/412/)]);
    expect(other.complaints()).toEqual([]);
  });

  test('who may only look sees every verb switched off, with the reason', async () => {
    await using viewer = await sit(people.vi);
    const { page } = viewer;
    await viewer.open(`/rollouts/${rollout}`);
    await page.getByText('For operators; you are viewer.').first().waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Roll back…' }).getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('b');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await viewer.open('/rollouts/new');
    await expect.poll(() => page.getByRole('button', { name: 'Start…' }).getAttribute('aria-disabled')).toBe('true');
    expect(viewer.complaints()).toEqual([]);
  });
});

describe('a session that ends', () => {
  test('while a form is filled asks for the password over the page, and what was typed is still there', async () => {
    await using seat = await sit(people.bo);
    const { page } = seat;
    await seat.open('/enrol');
    await page.getByRole('button', { name: 'New token…' }).click();
    const form = page.getByRole('dialog', { name: 'New token' });
    await form.getByLabel(/^Tags that it gives/).fill('site=lab role=pump');
    // It ends after the press, and before the manager hears of it: any other question of the page might be told first, and shut the form off.
    const ended: number[] = [];
    await page.route('**/api/v1/tokens', async (route) => {
      if (route.request().method() === 'POST') ended.push(await database.count(`with gone as (delete from session where user_name = 'bo' returning 1) select count(*) from gone`));
      await route.continue();
    });
    await form.getByRole('button', { name: 'Make a token for 1 board' }).click();
    const door = page.getByRole('dialog', { name: 'Your session has ended' });
    await door.waitFor();
    expect(ended).toEqual([expect.toSatisfy((n: number) => n > 0)]);
    await page.unroute('**/api/v1/tokens');
    await expect.poll(() => door.getByLabel('User').inputValue()).toBe('bo');
    await door.getByRole('textbox', { name: 'Password' }).fill(people.bo.password);
    await door.getByRole('button', { name: 'Sign in' }).click();
    await door.waitFor({ state: 'detached' });
    await expect.poll(() => form.getByLabel(/^Tags that it gives/).inputValue()).toBe('site=lab role=pump');
    await form.getByRole('button', { name: 'Make a token for 1 board' }).click();
    await page.getByRole('region', { name: 'The new token' }).getByText('role=pump').waitFor();
    await page.locator('[data-live=live]').waitFor();
    // The manager ends a stream whose session is over, when it comes by.
    expect(seat.complaints().filter((one) => !/401|ERR_INCOMPLETE_CHUNKED_ENCODING/.test(one))).toEqual([]);
  });

  test('in one tab ends in all of them', async () => {
    await using seat = await sit(people.bo);
    await seat.open('/rollouts');
    const tab = await seat.context.newPage();
    await tab.goto('/people');
    await tab.locator('[data-live=live]').waitFor();
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
    // Pressed by the page itself, for the door may have come already, and lie over it.
    await seat.page.locator('a.side-link[href="/releases"]').dispatchEvent('click');
    const door = seat.page.getByRole('dialog', { name: 'Your session has ended' });
    await door.waitFor();
    // The page under it is still whose it was.
    await expect.poll(() => door.getByLabel('User').inputValue()).toBe('bo');
  });
});
