import { chromium, type Page } from 'playwright-core';
import { systemClock } from '@pier/shared/core';
import { keepChanging, openManyDevices } from '../browser/many-devices.ts';
import { type Piece, readBundle, totalBytes } from '../support/bundle.ts';
import { findChromium } from '../support/chromium.ts';
import type { Row } from './summary.ts';

const devices = 10_000;
const loads = 5;
const scrollS = 10;
const changesPerS = 500;

/** How big the pages are, how soon the first one shows, and how evenly ten thousand devices scroll while five hundred change each second. */
export async function web(): Promise<Row[]> {
  await using many = await openManyDevices(devices);
  const browser = await chromium.launch(await findChromium(process.env));
  await using closing = new AsyncDisposableStack();
  closing.defer(() => browser.close());
  const context = await browser.newContext({ baseURL: many.manager.http, viewport: { width: 1_440, height: 900 } });
  const { user, password } = many.manager.admin;
  await context.request.post('/api/v1/session', { data: { user, password } });
  const paints = [];
  for (let load = 0; load < loads; load += 1) paints.push(await firstPaint(await context.newPage()));
  const page = await context.newPage();
  await page.goto('/devices');
  await page.locator('tr[data-row="0"]').waitFor();
  const still = await scroll(page);
  await using changing = keepChanging(many.api, changesPerS);
  const startMs = systemClock.monotonicMs();
  const moved = await scroll(page);
  const rate = changing.changed() / ((systemClock.monotonicMs() - startMs) / 1_000);
  const name = (what: string): string => `scrolling ${devices} devices, ${Math.round(rate)} changes a second: ${what}`;
  return [
    ...sizes(),
    { name: 'overview over loopback: first paint', unit: 'ms', values: paints.map(({ first }) => first) },
    { name: 'overview over loopback: largest paint', unit: 'ms', values: paints.map(({ largest }) => largest) },
    { name: `scrolling ${devices} devices, no changes: frames`, unit: '1/s', values: still.framesPerS },
    { name: name('frames'), unit: '1/s', values: moved.framesPerS },
    { name: name('time between frames'), unit: 'ms', values: moved.framesMs },
    { name: name('tasks above 50 ms'), unit: 'ms', values: moved.longTasksMs.length === 0 ? [0] : moved.longTasksMs },
  ];
}

function sizes(): Row[] {
  const { initial, later, styles, fonts } = readBundle();
  const kB = (pieces: readonly Piece[]): number => totalBytes(pieces) / 1_000;
  return [
    { name: 'script before the first page, gzipped', unit: 'kB', values: [kB(initial)] },
    { name: 'script that each page adds, gzipped', unit: 'kB', values: later.map((piece) => kB([piece])) },
    ...later.toSorted((a, b) => b.gzippedBytes - a.gzippedBytes).slice(0, 5).map((piece) => ({ name: `  of these ${piece.file.replace(/-[\w-]{8}\.js$/, '')}`, unit: 'kB', values: [kB([piece])] })),
    { name: 'styles, gzipped, all pages', unit: 'kB', values: [kB(styles)] },
    { name: 'fonts, each fetched where its letters are', unit: 'kB', values: fonts.map((piece) => kB([piece])) },
  ];
}

async function firstPaint(page: Page): Promise<{ first: number; largest: number }> {
  await page.goto('/');
  await page.locator('.counters').waitFor();
  const seen = await page.evaluate<{ first: number; largest: number }>(`new Promise((resolve) => new PerformanceObserver((list) => resolve({
    first: performance.getEntriesByName('first-contentful-paint')[0].startTime, largest: list.getEntries().at(-1).startTime,
  })).observe({ type: 'largest-contentful-paint', buffered: true }))`);
  await page.close();
  return seen;
}

type Scrolled = { readonly framesMs: readonly number[]; readonly longTasksMs: readonly number[]; /** In each second. */ readonly framesPerS: readonly number[] };

/** Scrolls as a wheel does, a little each frame, and keeps the time between frames. */
async function scroll(page: Page): Promise<Scrolled> {
  const seen = await page.evaluate<{ framesMs: number[]; longTasksMs: number[] }>(`new Promise((resolve) => {
    const node = document.querySelector('.devices-scroll');
    const framesMs = [];
    const longTasksMs = [];
    const tasks = new PerformanceObserver((list) => longTasksMs.push(...list.getEntries().map(({ duration }) => duration)));
    tasks.observe({ type: 'longtask' });
    const startMs = performance.now();
    let beforeMs;
    node.scrollTop = 0;
    const frame = (nowMs) => {
      if (beforeMs !== undefined) framesMs.push(nowMs - beforeMs);
      beforeMs = nowMs;
      node.scrollTop += 12;
      if (nowMs - startMs < ${scrollS * 1_000}) requestAnimationFrame(frame);
      else { tasks.disconnect(); resolve({ framesMs, longTasksMs }); }
    };
    requestAnimationFrame(frame);
  })`);
  const framesPerS = Array.from({ length: scrollS }, () => 0);
  let atMs = 0;
  for (const ms of seen.framesMs) {
    atMs += ms;
    const second = Math.floor(atMs / 1_000);
    if (second < scrollS) framesPerS[second] = (framesPerS[second] ?? 0) + 1;
  }
  return { ...seen, framesPerS };
}
