/**
 * `npm run pictures -- --ready FILE [--only NAME]…`: pictures of every page of a running demo (FILE holds its ready line), in both schemes, into
 * docs/images. A rollout is started for them and taken back, so that there is one to see in the middle of its way; so are tokens.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, type Page, chromium } from 'playwright-core';
import { type ApiClient, apiClient } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { findChromium } from '../support/chromium.ts';
import type { ManagerReady } from '../support/stage.ts';

const images = resolve(import.meta.dirname, '..', '..', 'docs', 'images');
const desk = { width: 1_440, height: 900 };
const phone = { width: 390, height: 844 };

type Subject = { readonly rollout: string; readonly ended: string; readonly device: string; readonly release: string; readonly board: string; readonly tokens: readonly string[] };
type Picture = { readonly name: string; readonly path: (subject: Subject) => string; readonly viewport?: typeof desk };

const pictures: readonly Picture[] = [
  { name: 'overview', path: () => '/' },
  { name: 'rollouts', path: () => '/rollouts' },
  { name: 'rollout', path: ({ rollout }) => `/rollouts/${rollout}` },
  { name: 'rollout-ended', path: ({ ended }) => `/rollouts/${ended}` },
  { name: 'new-rollout', path: ({ release }) => `/rollouts/new?release=${release}&q=${encodeURIComponent('site in (harbour, mill)')}` },
  { name: 'devices', path: () => '/devices' },
  { name: 'device', path: ({ device }) => `/devices/${device}` },
  { name: 'device-pins', path: ({ device }) => `/devices/${device}/pins` },
  { name: 'device-telemetry', path: ({ device }) => `/devices/${device}/telemetry` },
  { name: 'releases', path: () => '/releases' },
  { name: 'release', path: ({ release }) => `/releases/${release}` },
  { name: 'enrol', path: () => '/enrol' },
  { name: 'simulator', path: ({ board }) => `/simulator/${board}` },
  { name: 'keys', path: () => '/keys' },
  { name: 'audit', path: () => '/audit' },
  { name: 'people', path: () => '/people' },
  { name: 'settings', path: () => '/settings' },
  { name: 'phone-rollout', path: ({ rollout }) => `/rollouts/${rollout}`, viewport: phone },
  { name: 'phone-device', path: ({ device }) => `/devices/${device}`, viewport: phone },
];

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { ready: { type: 'string' }, only: { type: 'string', multiple: true } } });
  if (values.ready === undefined) throw new Error('--ready FILE is needed: the line that "npm run demo -- --ready json" writes once its fleet is up');
  const manager = JSON.parse(readFileSync(values.ready, 'utf8')) as ManagerReady;
  const api = apiClient({ baseUrl: manager.http, token: manager.admin.token });
  const browser = await chromium.launch(await findChromium(process.env));
  mkdirSync(images, { recursive: true });
  const subject = await setTheScene(api);
  try {
    for (const scheme of ['light', 'dark'] as const) await takeAll(browser, { manager, subject, scheme, only: values.only });
  } finally {
    await api.call('actOnRollout', { params: { id: subject.rollout }, ifMatch: '*', body: { verb: 'abort', remark: 'the pictures are taken' } });
    for (const id of subject.tokens) await api.call('revokeToken', { params: { id } });
    await browser.close();
  }
}

/** A rollout whose first wave has passed and whose second soaks, and tokens that still let boards in. */
async function setTheScene(api: ApiClient): Promise<Subject> {
  const releases = (await api.call('listReleases', { query: { limit: 100 } })).items.filter(({ state }) => state === 'verified');
  const release = releases.find(({ app }) => app === 'meter') ?? releases[0];
  const newest = releases.filter(({ app }) => app === 'blink').toSorted((a, b) => b.counter - a.counter)[0] ?? release;
  const ended = (await api.call('listRollouts', { query: { limit: 100 } })).items.find(({ cause, state }) => cause === 'gate' || state === 'rolled_back');
  const device = (await api.call('listDevices', { query: { limit: 1, online: 'true' } })).items[0];
  const board = (await api.call('listSimBoards', {})).items.find((one) => one.device === device?.id);
  if (newest === undefined || ended === undefined || device === undefined || board === undefined) throw new Error('this is no demo that has played its story: it lacks releases, an ended rollout, a device or its board');
  const waves = [{ take: { by: 'count' as const, count: 1 }, soakS: 2 }, { take: { by: 'count' as const, count: 2 }, soakS: 600 }, { take: { by: 'rest' as const } }];
  const started = await api.call('createRollout', { body: { release: newest.id, selector: 'site in (harbour, mill, depot)', waves, soakS: 600 } });
  const tokens: string[] = [];
  for (const token of [{ uses: 500, expiresInS: 604_800, tags: { site: 'mill', role: 'pump' }, approval: true }, { uses: 20, expiresInS: 86_400, tags: { site: 'lab' } }, { uses: 1, expiresInS: 2_700, tags: { site: 'harbour' } }]) tokens.push((await api.call('createToken', { body: token })).id);
  const endMs = systemClock.monotonicMs() + 60_000;
  for (;;) {
    const { waves: now } = await api.call('getRollout', { params: { id: started.id } });
    if ((now[1]?.counts.soaking ?? 0) === 2) break;
    if (systemClock.monotonicMs() > endMs) throw new Error('the second wave of the rollout for the pictures does not soak');
    await systemClock.sleep(500);
  }
  return { rollout: started.id, ended: ended.id, device: device.id, release: newest.id, board: board.id, tokens };
}

type Taking = { readonly manager: ManagerReady; readonly subject: Subject; readonly scheme: 'light' | 'dark'; readonly only: readonly string[] | undefined };

async function takeAll(browser: Browser, { manager, subject, scheme, only }: Taking): Promise<void> {
  await using context = await browser.newContext({ baseURL: manager.http, viewport: desk, colorScheme: scheme, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  await page.goto('/');
  if (only === undefined) await take(page, `sign-in-${scheme}`);
  await context.request.post('/api/v1/session', { data: { user: manager.admin.user, password: manager.admin.password } });
  for (const { name, path, viewport = desk } of pictures.filter((one) => only?.includes(one.name) ?? true)) {
    await page.setViewportSize(viewport);
    await page.goto(path(subject));
    await page.locator('[data-live=live]').waitFor();
    await take(page, `${name}-${scheme}`);
  }
}

/** Once it has been still for a moment: what is live has then been seen for a while. */
async function take(page: Page, name: string): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.mouse.move(0, 0);
  await systemClock.sleep(/device|simulator/.test(name) ? 11_000 : 2_500);
  await page.screenshot({ path: join(images, `${name}.png`) });
  process.stdout.write(`docs/images/${name}.png\n`);
}
