/** Hands on a simulated board from the page, and a real agent with real apps at its other side. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { AppName, type DeviceId } from '@pier/shared/core';
import { exampleGuest } from '../support/guests.ts';
import { type Seat, type TestBrowser, openBrowser } from '../support/browser.ts';
import { type World, button, led, openWorld, rolloutIn } from '../support/world.ts';

const blink = AppName.parse('blink');
const meter = AppName.parse('meter');

let world: World;
let browser: TestBrowser;
let seat: Seat;
let device: DeviceId;

beforeAll(async () => {
  [world, browser] = await Promise.all([openWorld(), openBrowser()]);
  ({ device } = await world.enrol({ name: 'quay' }));
  await world.bind(device, blink, { led, button });
  await world.bind(device, meter, { meter: { kind: 'serial', path: `${world.board.dir}/serial/meter` } });
  const rollouts = await Promise.all(
    (['blink', 'meter'] as const).map(async (name) => world.rollOut(await world.push({ ...(await exampleGuest(name)), app: name, version: '1.0.0', counter: 1 }), device, { soakS: 0, deadlineS: 600 })),
  );
  for (const rollout of rollouts) await rolloutIn(world, rollout, ['completed'], 240_000);
  seat = await browser.sit({ http: world.manager.http, ...world.manager.admin });
  await seat.open('/simulator/board');
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const region = (page: Page, name: string | RegExp): Locator => page.getByRole('region', { name });
/** The changes of a line in the last 30 s, as its lane says. */
const changesOf = async (page: Page, line: string): Promise<number> => Number(/: (\d+) changes?/.exec((await page.getByRole('img', { name: new RegExp(`^${line}: \\d+ change`) }).getAttribute('aria-label')) ?? '')?.[1]);

describe('a simulated board', () => {
  test('is reached from the list of boards, and says whose device holds it', async () => {
    const { page } = seat;
    await seat.open('/simulator');
    await page.getByRole('link', { name: 'board', exact: true }).click();
    await expect.poll(() => page.locator('h1').innerText()).toBe('board');
    await page.getByRole('link', { name: 'quay' }).waitFor();
    await page.getByText(/blink 1\.0\.0, meter 1\.0\.0/).waitFor();
  });

  test('pressing its button is seen at its line, is said by the app, and makes the LED blink faster', async () => {
    const { page } = seat;
    const lamp = region(page, 'LED led');
    await lamp.getByText(/^blinks, [12]\.\d Hz$/).waitFor();
    await expect.poll(() => changesOf(page, 'button')).toBe(0);
    const press = region(page, 'Button button').getByRole('button', { name: 'Press 100 ms' });
    await press.click();
    await region(page, 'What blink says').getByText(/button pressed seq=\d+/).first().waitFor();
    await expect.poll(() => changesOf(page, 'button')).toBe(2);
    const edges = async () => (await world.api.call('getSimRecording', { params: { id: 'board' }, query: {} })).edges.filter(({ name, by }) => name === 'GPIO27' && by === 'outside').map(({ level }) => level);
    await expect.poll(edges).toEqual([0, 1]);
    // Fast for two seconds from each press, and counted over the last five, which a late page misses: then it is pressed again, until the count is more than twice as high.
    const hz = async (): Promise<number> => Number(/blinks, (\d+\.\d) Hz/.exec(await lamp.innerText())?.[1]);
    const pressedHz = async (): Promise<number> => {
      const now = await hz();
      if (!(now >= 4)) await press.click();
      return now;
    };
    await expect.poll(pressedHz, { interval: 1_000 }).toBeGreaterThanOrEqual(4);
  });

  test('turning the load of its meter is what the app then measures', async () => {
    const { page } = seat;
    const slider = page.getByRole('slider', { name: 'Power of meter, W' });
    await slider.fill('1230');
    await slider.blur();
    await region(page, 'Modbus meter meter').getByText('1,230 W').waitFor();
    await expect.poll(async () => (await world.api.call('getSimBoard', { params: { id: 'board' } })).partList.find(({ name }) => name === 'meter')?.values['powerW']).toBe(1_230);
    await region(page, 'What meter says').getByRole('listitem').filter({ hasText: 'power' }).getByText('1,230 W').waitFor();
  });

  test('pulling its serial plug is seen at once, the app says that it is disconnected, and goes on when it is back', async () => {
    const { page } = seat;
    const card = region(page, 'Modbus meter meter');
    const says = region(page, 'What meter says');
    await card.getByRole('button', { name: 'Unplug' }).click();
    await card.getByText(/^Unplugged/).waitFor();
    await region(page, 'Faults').getByText('meter unplugged').waitFor();
    const newest = async (): Promise<string | undefined> => (await says.locator('.sim-log > li').allInnerTexts()).find((line) => line.includes('meter: '));
    await expect.poll(newest).toMatch(/ meter: disconnected$/);
    await card.getByRole('button', { name: 'Plug in' }).click();
    await expect.poll(newest).toMatch(/ meter: answers$/);
    await card.getByText(/^Unplugged/).waitFor({ state: 'detached' });
    expect(seat.complaints()).toEqual([]);
  });

  test('a press shows on the page of the device too: an edge at its line, and what the app wrote', async () => {
    const { page } = seat;
    await seat.open(`/devices/${device}/pins`);
    const edges = region(page, /^Edges, last/);
    await edges.getByRole('img', { name: /^led: \d+ edges/ }).waitFor();
    await edges.getByRole('img', { name: 'button: 0 edges in 10 s' }).waitFor();
    await world.api.call('actOnSimBoard', { params: { id: 'board' }, body: { act: 'press', part: 'button', ms: 300 } });
    await edges.getByRole('img', { name: 'button: 2 edges in 10 s' }).waitFor();
    await page.getByRole('link', { name: 'Logs' }).click();
    await expect.poll(() => page.getByText(/button pressed seq=\d+/).count()).toBeGreaterThan(1);
    expect(seat.complaints()).toEqual([]);
  });

  test('who may only look is told so, and can press nothing', async () => {
    const password = 'the long password of vi';
    await world.api.call('createUser', { body: { name: 'vi', role: 'viewer', password } });
    await using viewer = await browser.sit({ http: world.manager.http, user: 'vi', password });
    await viewer.open('/simulator/board');
    await viewer.page.getByText('Looking only. For operators; you are viewer.').waitFor();
    const press = viewer.page.getByRole('button', { name: 'Press 100 ms' });
    await expect.poll(() => press.getAttribute('aria-disabled')).toBe('true');
    await expect.poll(() => viewer.page.getByRole('slider').isDisabled()).toBe(true);
    expect(viewer.complaints()).toEqual([]);
  });
});
