/** An operator brings a new release to a site from the pages: sees who is hit, starts, pauses, finds out why one waits, mends it, takes it back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppName, type DeviceId } from '@pier/shared/core';
import { Asks } from '@pier/shared/capability';
import { exampleGuest } from '../support/guests.ts';
import { type Seat, type TestBrowser, openBrowser } from '../support/browser.ts';
import { type World, button, led, openWorld, rolloutIn } from '../support/world.ts';
import { type Person, addAccount } from './people.ts';

const blink = AppName.parse('blink');
const bell = { ...button, line: 22 };

let world: World;
let browser: TestBrowser;
let seat: Seat;
let ada: Person;
let [quay, mole]: DeviceId[] = [];
let release: string;
/** The rollout that is started from the page. */
let rollout: string;

beforeAll(async () => {
  [world, browser] = await Promise.all([openWorld(), openBrowser()]);
  ada = await addAccount(world.api, 'ada', 'operator');
  const guest = { ...(await exampleGuest('blink')), app: blink };
  const devices = await Promise.all((['quay', 'mole'] as const).map((name) => world.addDevice(name, { tags: { site: 'harbour', row: name === 'quay' ? 'first' : 'second' } })));
  for (const { device } of devices) await world.bind(device, blink, { led, button });
  [quay, mole] = devices.map(({ device }) => device);
  const first = await world.push({ ...guest, version: '1.0.0', counter: 1 });
  await rolloutIn(world, await world.rollOutTo(first, { selector: 'site=harbour', soakS: 0, deadlineS: 600 }), ['completed'], 240_000);
  // The next one asks for a bell as well, and only the quay has been given one.
  await world.bind(quay as DeviceId, blink, { led, button, bell });
  const asks = Asks.parse(guest.asks);
  const second = await world.push({ ...guest, version: '1.1.0', counter: 2, asks: { ...asks, gpio: [...asks.gpio, { label: 'bell', mode: 'in' }] } });
  release = (await world.api.call('createRelease', { body: { repository: second.repository, digest: second.digest } })).id;
  seat = await browser.sit({ http: world.manager.http });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const title = () => seat.page.locator('.page-title').innerText();
const region = (name: string | RegExp) => seat.page.getByRole('region', { name });
const standing = async (device: DeviceId | undefined): Promise<string> => (await world.look(device as DeviceId)).apps.map(({ version }) => version).join();

describe('a rollout from the pages', () => {
  test('a person signs in at the door and lands on the page that was asked for', async () => {
    const { page } = seat;
    await page.goto('/rollouts');
    await expect.poll(() => page.locator('h1').allInnerTexts()).toEqual(['Sign in']);
    await page.getByLabel('User').fill(ada.user);
    await page.getByRole('textbox', { name: 'Password' }).fill('not the password at all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText(/Not signed in/).waitFor();
    expect(seat.complaints()).toEqual([expect.stringMatching(/401/)]);
    await page.getByRole('textbox', { name: 'Password' }).fill(ada.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('[data-live=live]').waitFor();
    await page.getByText('ada, operator').waitFor();
    await expect.poll(() => page.locator('h1').innerText()).toBe('Rollouts');
  });

  test('the form says who gets it, what new it may do, and the command that does the same', async () => {
    const { page } = seat;
    await page.getByRole('link', { name: 'New rollout' }).click();
    await page.getByLabel('Release', { exact: true }).selectOption(release);
    const devices = page.getByRole('combobox', { name: 'Devices' });
    await devices.fill('site=harbour');
    await devices.press('Enter');
    await page.getByText('2 of 2 devices match now').waitFor();
    const forecast = region('Forecast');
    await forecast.getByText('2 of 2 devices will get it').waitFor();
    // One device first, then the rest: nobody said otherwise.
    await expect.poll(() => forecast.getByRole('row').allInnerTexts()).toEqual([expect.stringMatching(/Wave\s+Devices/), expect.stringMatching(/Wave 1\s+1/), expect.stringMatching(/Wave 2\s+1/), expect.stringMatching(/All\s+2/)]);
    await region('Who would wait, and why').getByText(/bell/).waitFor();
    await page.getByRole('region', { name: /1\.1\.0 asks for more or other than 1\.0\.0/ }).getByText(/^New: it .*bell/).waitFor();
    await expect.poll(() => page.getByRole('group', { name: 'The same as a command' }).locator('pre').innerText()).toMatch(/^\.\/pier rollout start \S+ [\s\S]*site=harbour/);
    expect(seat.complaints()).toEqual([]);
  });

  test('it starts after its effect was shown, and the wave that can go through goes through', async () => {
    const { page } = seat;
    // The quay, which has its bell, goes first.
    const first = page.getByRole('group', { name: /^Wave 1/ });
    await first.getByLabel('Wave 1 takes').selectOption({ label: 'those of a query' });
    await first.getByLabel('Query of wave 1').fill('row=first');
    await page.getByLabel('Soak: well for so long before it counts').fill('3');
    await page.getByRole('button', { name: /^Start for 2 devices…$/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The first wave is offered at once; the others as their gates open.').waitFor();
    await dialog.getByRole('button', { name: 'Start for 2 devices' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toMatch(/^\/rollouts\/(?!new)[^/]+$/);
    rollout = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await expect.poll(() => page.locator('h1').innerText()).toBe('blink 1.1.0');
    await expect.poll(title).toMatch(/Running, wave 2 of 2/);
    await expect.poll(() => page.getByRole('list', { name: 'Waves and their gates' }).innerText()).toMatch(/Wave 1[\s\S]*Passed/);
    await expect.poll(() => standing(quay)).toBe('1.1.0');
    expect(seat.complaints()).toEqual([]);
  });

  test('pausing says what it does before it is pressed, and is seen at once; resuming takes it back', async () => {
    const { page } = seat;
    await page.locator('.rollout-effect').getByText(/^Pause: /).waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await expect.poll(title).toMatch(/Paused by ada, wave 2 of 2/);
    await page.getByRole('status').getByText(/A person paused it/).waitFor();
    await expect.poll(async () => (await world.api.call('getRollout', { params: { id: rollout } })).state).toBe('paused');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expect.poll(title).toMatch(/Running, wave 2 of 2/);
    expect(seat.complaints()).toEqual([]);
  });

  test('the page of the device that waits names the label that is not bound; bound there, it goes on by itself', async () => {
    const { page } = seat;
    await page.getByRole('link', { name: new RegExp(`Why not ${mole}`) }).click();
    await expect.poll(() => page.locator('h1').innerText()).toBe('mole');
    const why = region('Why not updated to blink 1.1.0');
    await why.getByText(/bell/).first().waitFor();
    await expect.poll(() => why.locator('.chain-holds').innerText()).toMatch(/bell[\s\S]*capability\./);
    await why.getByRole('button', { name: 'Bind…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('bell: line').selectOption('pinctrl-bcm2711:22');
    await dialog.getByRole('button', { name: 'Change 1 binding' }).click();
    await region('blink 1.1.0 runs, as wanted').waitFor();
    await rolloutIn(world, rollout, ['completed'], 120_000);
    await page.goBack();
    await expect.poll(title).toMatch(/Completed, 2 of 2 proven/);
    expect(seat.complaints()).toEqual([]);
  });

  test('rolling back counts who goes back to what, wants its name typed, and brings every device home', async () => {
    const { page } = seat;
    await page.getByRole('button', { name: 'Roll back…' }).click();
    const dialog = page.getByRole('dialog');
    const last = dialog.getByRole('button', { name: 'Roll back 2 devices' });
    await last.waitFor();
    await expect.poll(() => last.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('row', { name: /First, wave 2\s+1/ }).waitFor();
    await dialog.getByRole('row', { name: /All its devices\s+2/ }).waitFor();
    await dialog.getByLabel('Why (kept in the audit)').fill('the bell wakes the cat');
    await dialog.getByLabel('Type blink 1.1.0 to confirm').fill('blink 1.1.0');
    await last.click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(title).toMatch(/Rolled back/);
    for (const device of [quay, mole]) await expect.poll(() => standing(device)).toBe('1.0.0');
    await page.getByText('the bell wakes the cat').first().waitFor();
    expect(seat.complaints()).toEqual([]);
  });
});
