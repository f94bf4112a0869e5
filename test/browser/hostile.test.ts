/** Texts that wish their reader ill, on every page that shows them: they are read, and become nothing else. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppName, type DeviceId } from '@pier/shared/core';
import { type Seat, openBrowser, settled } from '../support/browser.ts';
import { exampleGuest } from '../support/guests.ts';
import { type World, openWorld, until } from '../support/world.ts';
import { type EvilDevice, evil, evilLink, evilLong, openEvilBoard, openEvilDevice } from './hostile.ts';

const app = AppName.parse('blink');
const board = 'board--constructor';

type Ids = { readonly device: DeviceId; readonly release: string; readonly rollout: string };
type Stood = { readonly seat: Seat; readonly ids: Ids } & AsyncDisposable;
let stood: Stood;

beforeAll(async () => {
  stood = await openStood();
});
afterAll(() => stood?.[Symbol.asyncDispose]());

async function openStood(): Promise<Stood> {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(await openWorld());
  opening.use(await openEvilBoard(world.dir, board));
  const device = opening.use(await openEvilDevice({ manager: world.manager.device, token: await world.token(), app }));
  const ids = await speakIll(world, device);
  const browser = opening.use(await openBrowser());
  const seat = opening.use(await browser.sit({ http: world.manager.http, ...world.manager.admin }));
  await watch(seat.page);
  const owned = opening.move();
  return { seat, ids, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What people can type, typed as badly as the API takes it. */
async function speakIll(world: World, { identity: { device }, failed }: EvilDevice): Promise<Ids> {
  const { api } = world;
  await world.token({ uses: 9, tags: { site: evil('token-site') } });
  await until('what the device said of its apps is stored', async () => ((await api.call('getDevice', { params: { device } })).reported?.apps[app] ? true : undefined), 240_000);
  await api.call('changeDevice', { params: { device }, body: { name: evil('device-name'), setTags: { site: evil('site') + evilLink, constructor: evilLink, note: evilLong('tag').slice(-128) } } });
  await api.call('tagDevices', { body: { selector: 'all', setTags: { ring: evil('ring') }, remark: evilLong('tag-remark') } });
  for (const name of [evil('view').replaceAll('/', ''), '__proto__', 'constructor', evilLink]) await api.call('putView', { params: { name }, body: { query: `//evil.example/?q=site%3D&search=${encodeURIComponent(evil('search'))}&view=${evilLink}&columns=__proto__` } });
  const { repository, digest } = await world.push({ ...(await exampleGuest('blink')), app, version: '1.0.0', counter: 1 });
  const { id: release } = await api.call('createRelease', { body: { repository, digest } });
  const { id: rollout } = await api.call('createRollout', { body: { release, name: evil('rollout'), devices: [device] } });
  await api.call('actOnRollout', { params: { id: rollout }, ifMatch: '*', body: { verb: 'abort', remark: evilLong('abort-remark') } });
  const on = (line: number, mode: 'in' | 'out') => ({ kind: 'gpio' as const, chip: '$(touch pwned)', line, modes: [mode] });
  await api.call('putBindings', { params: { device, app }, body: { led: on(17, 'out'), button: on(27, 'in') } });
  const { attempt } = await api.call('assignApp', { params: { device, app }, body: { release, remark: evilLong('assign-remark') } });
  await api.call('commandApp', { params: { device }, body: { verb: 'app.restart', app, remark: evilLong('command-remark') } });
  await failed(app, attempt, digest);
  await until('what the device said is stored', async () => (JSON.stringify(await api.call('getDevice', { params: { device } })).includes('why-code') ? true : undefined), 240_000);
  return { device, release, rollout };
}

/** Everything that would show that a text has become more than one. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(`
    window.ill = [];
    window.pwned = () => window.ill.push('a script ran');
    document.addEventListener('securitypolicyviolation', (event) => window.ill.push('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
  `);
  page.on('dialog', (dialog) => void page.evaluate(`window.ill.push('a dialog: ' + ${JSON.stringify(dialog.type())})`).then(() => dialog.dismiss()));
}

/** What of the page was made of a text: elements that no page of ours has, handlers, links that lead away, scripts and frames. */
function illOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[
    ...window.ill,
    ...[...document.querySelectorAll('img, iframe, object, embed, base, form[action], meta[http-equiv], script:not([src^="/assets/"]), [data-evil]')].map((one) => 'element: ' + one.outerHTML.slice(0, 120)),
    ...[...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]).filter(({ name }) => /^on/.test(name) || name === 'srcdoc').map(({ name, value }) => 'attribute: ' + name + '=' + value),
    ...[...document.querySelectorAll('a[href], area[href], [formaction], use')].map((one) => one.getAttribute('href') ?? one.getAttribute('formaction') ?? '').filter((href) => new URL(href, location.href).origin !== location.origin).map((href) => 'link: ' + href),
    ...(location.origin === ${JSON.stringify(new URL(stood.seat.http).origin)} ? [] : ['elsewhere: ' + location.href]),
    ...[...document.querySelectorAll('[data-condition=broken]')].map((one) => 'broken: ' + one.textContent),
  ]`);
}

/** All that is read, also what has to be scrolled to. */
const read = (page: Page): Promise<string> => page.evaluate<string>('document.body.textContent');

const shown: readonly (readonly [name: string, at: (ids: Ids) => string, words: readonly string[]])[] = [
  ['the overview', () => '/', ['site']],
  ['the devices', () => '/devices?columns=why,apps,site,model,agent,heard,tags,id', ['device-name', 'site', 'view', 'agent', 'ring']],
  ['a device', ({ device }) => `/devices/${device}`, ['device-name', 'ring', 'holder']],
  ['its apps', ({ device }) => `/devices/${device}/apps`, ['end-reason', 'end-code', 'holder', 'constructor']],
  ['its lines', ({ device }) => `/devices/${device}/pins`, ['pin', 'port']],
  ['its log', ({ device }) => `/devices/${device}/logs?app=blink`, ['log-line', 'log-now']],
  ['its samples', ({ device }) => `/devices/${device}/telemetry`, ['series']],
  ['its history', ({ device }) => `/devices/${device}/history`, ['event-reason', 'event-code', 'last-output']],
  ['its identity', ({ device }) => `/devices/${device}/identity`, ['agent', 'model']],
  ['the audit', () => '/audit', ['tag-remark', 'command-remark', 'abort-remark']],
  ['the rollouts', () => '/rollouts?show=all', ['blink']],
  ['a rollout', ({ rollout }) => `/rollouts/${rollout}`, ['abort-remark']],
  ['the releases', () => '/releases', ['blink']],
  ['a release', ({ release }) => `/releases/${release}`, ['rollout']],
  ['a new rollout', ({ release }) => `/rollouts/new?release=${release}&q=all`, ['device-name']],
  ['tokens', () => '/enrol', ['token-site']],
  ['the boards', () => '/simulator', [board]],
  ['a board', () => `/simulator/${board}`, ['sim-line', 'sim-led', 'sim-part']],
  ['the settings', () => '/settings', ['view', 'constructor', '__proto__']],
];

describe('is read, and nothing else', () => {
  test.each(shown)('%s', async (_, at, words) => {
    const { seat, ids } = stood;
    const { page } = seat;
    await seat.open(at(ids));
    for (const word of words) await expect.poll(() => read(page)).toContain(word);
    expect(await illOf(page)).toEqual([]);
    // What the manager refuses is said on the page; the browser says it too.
    expect(seat.complaints().filter((one) => !/status of 4\d\d/.test(one))).toEqual([]);
  });
});

test('records of the audit, opened, are text', async () => {
  const { seat } = stood;
  const { page } = seat;
  await seat.open('/audit');
  const toggles = page.locator('.audit-toggle');
  await toggles.first().waitFor();
  // A record that comes meanwhile moves all others down: the first one that is still shut is looked for each time.
  for (let n = 1; n <= 6; n += 1) {
    await page.locator('.audit-toggle[aria-expanded=false]').first().click();
    await expect.poll(() => page.locator('tr[id^=audit-] pre').count()).toBe(n);
  }
  expect(await illOf(page)).toEqual([]);
});

test('what is found by a jump is text', async () => {
  const { seat } = stood;
  const { page } = seat;
  await seat.open('/');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search or jump to' }).fill('onerror');
  await page.getByRole('option', { name: /device-name/ }).waitFor();
  expect(await illOf(page)).toEqual([]);
});

test('a saved view leads to the devices of this manager, whatever its query says, and its name may be any object’s', async () => {
  const { seat } = stood;
  const { page } = seat;
  await seat.open('/settings');
  for (const name of ['__proto__', 'constructor', evilLink]) {
    await seat.open('/settings');
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/devices');
    await settled(page);
    expect(await illOf(page)).toEqual([]);
  }
});

test('the bindings of a board with names for a shell make a command that is quoted', async () => {
  const { seat, ids: { device } } = stood;
  const { page } = seat;
  await seat.open(`/devices/${device}/apps`);
  await page.getByRole('button', { name: 'Bindings…' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'button: line' }).selectOption('');
  await expect.poll(() => dialog.locator('.code pre').textContent()).toMatch(/^\.\/pier binding set \S+ blink 'led=\$\(touch pwned\):17:out'$/);
  expect(await illOf(page)).toEqual([]);
});

const long = 'x'.repeat(6_000);
test.each([
  '/devices?q=%3Cimg%20src%3Dx%20onerror%3Dpwned()%3E&standing=__proto__,constructor&order=constructor&columns=__proto__&view=__proto__&state=toString&online=maybe&deployment=x',
  `/devices?q=${'('.repeat(5_000)}`,
  `/devices?q=${'not%20'.repeat(2_000)}all`,
  `/devices?search=${long}`,
  '/devices?rollout=%00&app=constructor',
  '/devices?q=%F0%9F%92%A3%ED%A0%80',
  `/devices/${'a'.repeat(90)}`,
  '/devices/constructor/__proto__',
  '/devices/%3Cscript%3Epwned()%3C%2Fscript%3E',
  '/devices/javascript:pwned()/logs?app=__proto__&find=%5B(%3F%3C',
  '/rollouts?show=__proto__&app=constructor',
  '/rollouts/__proto__',
  '/rollouts/..%2f..%2fapi%2fv1%2fsession',
  '/rollouts/new?release=__proto__&q=%22%3E%3Cimg%20src%3Dx%3E&devices=constructor,%3Cimg%3E',
  '/releases/constructor?with=__proto__',
  '/releases?app=%3Cimg%20src%3Dx%20onerror%3Dpwned()%3E&state=__proto__',
  '/audit?actor=%3Cimg%3E&action=__proto__&object=device:javascript:pwned()&since=never&steps=constructor',
  '/audit?since=-271821-04-20',
  '/simulator/__proto__',
  '/people?next=//evil.example&return=javascript:pwned()',
  '/settings#javascript:pwned()',
  '/enrol?token=%3Cimg%3E',
].map((path) => [path.slice(0, 80), path] as const))('the address %s shows a page with a heading, stays here, and breaks nothing', async (_, path) => {
  const { seat } = stood;
  const { page } = seat;
  await seat.open(path);
  await settled(page);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  expect(await illOf(page)).toEqual([]);
});

test('a page that breaks leaves the way to the others, and its next visit is as if nothing had been', async () => {
  const { seat } = stood;
  const { page } = seat;
  const broken = { now: false };
  await page.route('**/assets/*.js', (route) => (broken.now ? route.abort() : route.continue()));
  await seat.open('/');
  broken.now = true;
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('heading', { level: 1, name: 'This page cannot be shown' }).waitFor();
  await expect.poll(() => page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(true);
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'This page cannot be shown' }).waitFor({ state: 'detached' });
  broken.now = false;
  await seat.open('/people');
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  seat.complaints();
});
