/** A person at a real browser: opens pages of a manager, and keeps what the browser complains of. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { expect, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    chromium: { readonly executablePath: string; readonly args: string[] };
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** A page of a busy machine comes late; only one that never comes is wrong. */
const waitMaxMs = 120_000;

export type Look = { readonly scheme?: 'light' | 'dark'; readonly width?: number; readonly height?: number };
/** `user` undefined: nobody signs in. */
export type Seating = Look & { readonly http: string; readonly user?: string; readonly password?: string };

export type Seat = {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly http: string;
  /** Errors of the console and of scripts, and requests to other origins, since it was asked last. */
  complaints(): string[];
  /** Goes to a path of the manager and waits until the page has its heading and is live. */
  open(path: string): Promise<void>;
} & AsyncDisposable;

export type TestBrowser = { sit(seating: Seating): Promise<Seat> } & AsyncDisposable;

export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch(inject('chromium'));
  return { sit: (seating) => sit(browser, seating), [Symbol.asyncDispose]: () => browser.close() };
}

async function sit(browser: Browser, { http, user, password, scheme = 'light', width = 1_440, height = 900 }: Seating): Promise<Seat> {
  const phone = width < 760;
  const context = await browser.newContext({ baseURL: http, viewport: { width, height: phone ? 812 : height }, colorScheme: scheme, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', isMobile: phone, hasTouch: phone, permissions: ['clipboard-read', 'clipboard-write'] });
  if (user !== undefined) {
    const signedIn = await context.request.post('/api/v1/session', { data: { user, password } });
    if (!signedIn.ok()) throw new Error(`${user} cannot sign in: ${signedIn.status()} ${await signedIn.text()}`);
  }
  context.setDefaultTimeout(waitMaxMs);
  const page = await context.newPage();
  const seen: string[] = [];
  const origin = new URL(http).origin;
  page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && seen.push(`console: ${message.text()}`)));
  page.on('pageerror', (error) => seen.push(`uncaught: ${error.message}`));
  page.on('request', (request) => void (new URL(request.url()).origin !== origin && !request.url().startsWith('blob:') && seen.push(`asked elsewhere: ${request.url()}`)));
  return {
    page,
    context,
    http,
    complaints: () => seen.splice(0),
    open: async (path) => {
      await page.goto(path);
      await page.locator('h1').first().waitFor();
      if (user !== undefined) await page.locator('[data-live=live]').waitFor();
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Waits until the page stands: every part has its answer, what moves has arrived, and the fonts are those that it will have. */
export async function settled(page: Page): Promise<void> {
  const moving = `[
    ...[...document.querySelectorAll('[data-condition=loading]')].map((one) => one.textContent),
    ...document.getAnimations().filter(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().endTime !== Infinity).map(({ effect }) => effect.target?.outerHTML.slice(0, 120)),
    ...(document.fonts.status === 'loaded' ? [] : ['fonts']),
  ]`;
  await expect.poll(() => page.evaluate<string[]>(moving)).toEqual([]);
}

/** What axe finds wrong with the page once it stands: rule, elements and why. */
export async function axeViolations(page: Page): Promise<string[]> {
  await settled(page);
  await page.evaluate(axeSource);
  const found = await page.evaluate<Violation[]>(`axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(axeTags)} } }).then(({ violations }) => JSON.parse(JSON.stringify(violations)))`);
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary?.split('\n')[1]?.trim() ?? ''})`).join('; ')}`);
}
type Violation = { readonly id: string; readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[] };

/** Pixels by which the page is wider than its window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}
