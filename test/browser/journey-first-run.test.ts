/** The first minutes with a manager: the first account, and the first device, by what the pages say and nothing else. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NodeChild, spawnNode } from '@pier/shared/process';
import { type Seat, type TestBrowser, axeViolations, openBrowser } from '../support/browser.ts';
import { childEnv } from '../support/stage.ts';

const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'pier-first-run-'));
const processes = new AsyncDisposableStack();
const ada = { user: 'ada', password: 'the long password of ada' };

let browser: TestBrowser;
let seat: Seat;
let setupCode: string;

beforeAll(async () => {
  const manager = run(['manager', 'start', '--data', join(dir, 'manager'), '--ready', 'json'], 'pipe');
  const [http, code] = await Promise.all([said(manager, 'stdout', /"http":"([^"]+)"/), said(manager, 'stderr', /^pier manager: .* with the code (\S+)$/)]);
  setupCode = code;
  browser = await openBrowser();
  seat = await browser.sit({ http });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await processes.disposeAsync();
  rmSync(dir, { recursive: true, force: true });
});

/** A command of pier, as a person types it in a terminal of his own; nothing of this machine's own Pier is seen by it. */
function run(args: readonly string[], stderr: 'pipe' | 'ignore' = 'ignore'): NodeChild {
  return processes.use(spawnNode([cli, ...args], { cwd: dir, stdio: ['ignore', 'pipe', stderr], env: childEnv({ HOME: dir, XDG_CONFIG_HOME: dir }) }));
}

/** What a pattern finds in the lines that a process says; all later ones are read and left. */
function said({ child, exited }: NodeChild, stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  const input = child[stream];
  if (!input) throw new Error(`its ${stream} is not ours`);
  return new Promise((resolve, reject) => {
    createInterface({ input }).on('line', (line) => {
      const [, found] = pattern.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    void exited.then(({ code, signal }) => reject(new Error(`ended with ${code ?? signal} before it said ${pattern}`)));
  });
}

async function succeeded(line: string, { exited }: NodeChild): Promise<void> {
  const { code, signal } = await exited;
  if (code !== 0) throw new Error(`"${line}" ended with ${code ?? signal}`);
}

/** Types what a page shows, line by line: boards and agents go on, other commands of pier must succeed, the rest is the shell's. */
async function type(shown: string): Promise<void> {
  for (const line of shown.replaceAll(/\s*\\\n\s*/g, ' ').split('\n')) {
    const [program = '', ...words] = line.split(' ');
    if (!/^(?:\.\/)?pier$/.test(program)) execFileSync('sh', ['-c', line], { cwd: dir });
    else if (/^(?:sim board|agent start) /.test(words.join(' '))) await said(run([...words, '--ready', 'json']), 'stdout', /"(ready)":true/);
    else await succeeded(line, run(words));
  }
}

const commandAt = (label: string | RegExp): Promise<string> => seat.page.getByRole('group', { name: label }).locator('pre').innerText();

describe('a manager that nobody has an account at', () => {
  test('asks for the code that it said when it started, and takes no other', async () => {
    const { page } = seat;
    await seat.open('/devices');
    await expect.poll(() => page.locator('h1').innerText()).toBe('Set up this manager');
    expect(await axeViolations(page)).toEqual([]);
    const code = page.getByLabel('Setup code');
    await code.fill(setupCode.split('-').toReversed().join('-'));
    await page.getByLabel('Your user name').fill(ada.user);
    await page.getByRole('textbox', { name: 'Password' }).fill(ada.password);
    await page.getByRole('button', { name: 'Make the first account' }).click();
    await expect.poll(() => code.getAttribute('aria-invalid')).toBe('true');
    // What was typed is still there: only the code is wrong.
    await expect.poll(() => page.getByLabel('Your user name').inputValue()).toBe(ada.user);
    expect(await axeViolations(page)).toEqual([]);
    expect(seat.complaints()).toEqual([expect.stringMatching(/403/)]);
  });

  test('with the code the first account is made, signed in, and lands where it wanted to go', async () => {
    const { page } = seat;
    await page.getByLabel('Setup code').fill(setupCode);
    await page.getByRole('button', { name: 'Make the first account' }).click();
    await page.locator('[data-live=live]').waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/devices');
    await page.getByText(`${ada.user}, admin`).waitFor();
    await page.reload();
    await page.locator('[data-live=live]').waitFor();
    // The code is good once: another browser meets the usual door.
    await using other = await browser.sit({ http: seat.http });
    await other.open('/');
    await expect.poll(() => other.page.locator('h1').innerText()).toBe('Sign in');
    expect(seat.complaints()).toEqual([]);
  });
});

describe('the first device', () => {
  test('wants a policy first: an API token signs the command line in, and the page of keys has the commands', async () => {
    const { page } = seat;
    await seat.open('/people');
    await page.getByRole('button', { name: 'New token…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('What it is for').fill('the terminal of ada');
    await dialog.getByRole('radio', { name: /^admin/i }).check();
    await dialog.getByRole('button', { name: 'Make the token' }).click();
    await type(await commandAt('The command that signs the CLI in'));
    await seat.open('/keys');
    await type(await commandAt(/policy/));
    // Nothing is pressed: the page hears that there is one.
    await page.getByRole('heading', { name: /^Keys/, level: 2 }).or(page.getByRole('row', { name: /scheduler/ })).first().waitFor();
    expect(seat.complaints()).toEqual([]);
  });

  test('the overview says that there is none yet and what comes next, and makes a token', async () => {
    const { page } = seat;
    await page.getByRole('link', { name: 'Overview' }).click();
    await expect.poll(() => page.locator('h1').innerText()).toBe('No devices yet');
    await page.getByText(/Database and broker answer/).waitFor();
    await page.getByRole('button', { name: 'Make a token for one board' }).click();
    await page.getByText(/^Good for one board until/).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(seat.complaints()).toEqual([]);
  });

  test('the commands that are shown start a simulated board and its agent, and the device appears by itself', async () => {
    const { page } = seat;
    const commands = await Promise.all([/described in a file/, /^The board itself/, /^Its agent/].map(commandAt));
    for (const command of commands) await type(command);
    await expect.poll(() => page.locator('h1').innerText()).toBe('1 device');
    await page.getByText(/1 of 1 reachable/).waitFor();
    expect(seat.complaints()).toEqual([]);
  });
});

test('a board that comes with a token that wants approval stands on the page at once, and joins when somebody says yes', async () => {
  const { page } = seat;
  await page.getByRole('link', { name: 'Enrol', exact: true }).click();
  await page.getByRole('button', { name: 'New token…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Tags that it gives/).fill('site=lab');
  await dialog.getByLabel('Each board waits until a person approves it').check();
  await dialog.getByRole('button', { name: 'Make a token for 1 board' }).click();
  await type(await commandAt('Starts a simulated board'));
  // It waits: what it says comes after the yes.
  const joined = type(await commandAt('Starts the agent with the token'));
  await page.getByRole('heading', { name: '1 board asks to join' }).waitFor();
  await page.getByRole('checkbox', { name: 'Choose bench-1' }).check();
  await page.getByRole('button', { name: 'Approve 1…' }).click();
  await dialog.getByLabel(/^Why/).fill('I put it there myself');
  await dialog.getByRole('button', { name: 'Approve 1 board' }).click();
  await page.getByText('No board waits for approval.').waitFor();
  await joined;
  await page.getByRole('link', { name: /^Devices/ }).click();
  const row = page.getByRole('row', { name: /bench-1/ });
  await expect.poll(() => row.innerText()).toMatch(/In step[\s\S]*lab/);
  await page.goto('/audit');
  await page.getByText('I put it there myself').first().waitFor();
  expect(seat.complaints()).toEqual([]);
});
