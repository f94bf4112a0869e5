import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

const here = resolve(import.meta.dirname);
let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A checkout whose builder copies the page, and counts how often it was called. */
function checkout({ builder = `import { cpSync, appendFileSync, mkdirSync } from 'node:fs'; const out = process.argv[process.argv.indexOf('--outDir') + 1]; mkdirSync(out, { recursive: true }); cpSync('web/index.html', out + '/index.html'); appendFileSync('built.log', 'x');` } = {}): void {
  root = mkdtempSync(join(tmpdir(), 'pier-ui-'));
  const files: Record<string, string> = { 'web/index.html': '<p>one</p>', 'web/vite.config.ts': '', 'web/package.json': '{}', 'web/public/mark.svg': '', 'web/src/main.tsx': '', 'package-lock.json': '{}', 'node_modules/vite/bin/vite.js': builder, 'node_modules/vite/package.json': '{"type":"module"}' };
  for (const room of ['api', 'capability', 'core', 'selector', 'wire']) files[`shared/src/${room}/index.ts`] = '';
  for (const [path, text] of Object.entries(files)) put(path, text);
  mkdirSync(join(root, '.pier'));
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const run = `import { ensureUi } from '${here}/ui.mjs'; import { layout } from '${here}/layout.mjs'; await ensureUi(layout(process.argv[1]), { node: process.execPath, env: process.env }, new AbortController().signal);`;

function ensure(): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', run, root], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const page = (): string => readFileSync(join(root, 'web/dist/index.html'), 'utf8');
const builds = (): number => (existsSync(join(root, 'built.log')) ? readFileSync(join(root, 'built.log'), 'utf8').length : 0);

test('the UI is built once, and again only when something that it is made of has changed', () => {
  checkout();
  ensure();
  ensure();
  put('web/src/main.test.tsx', 'a test is no part of it');
  ensure();
  expect([page(), builds()]).toEqual(['<p>one</p>', 1]);
  put('web/index.html', '<p>two</p>');
  ensure();
  put('shared/src/api/routes.ts', 'export {};');
  ensure();
  expect([page(), builds()]).toEqual(['<p>two</p>', 3]);
});

test('one that cannot be built leaves the old one in place, says why, and leaves nothing behind', () => {
  checkout();
  ensure();
  put('node_modules/vite/bin/vite.js', `console.error('web/src/main.tsx: unexpected "}"'); process.exit(1);`);
  put('web/index.html', '<p>broken</p>');
  expect(ensure).toThrow(/could not be built[^]*unexpected/);
  expect(page()).toBe('<p>one</p>');
  expect(readdirSync(join(root, '.pier'))).toEqual([]);
});

test('two that want it at once build it once, after one that was killed in its middle', async () => {
  checkout({ builder: `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'; const out = process.argv[process.argv.indexOf('--outDir') + 1]; mkdirSync(out, { recursive: true }); appendFileSync('built.log', 'x'); setTimeout(() => writeFileSync(out + '/index.html', 'whole'), 500);` });
  put('.pier/scratch/ui/half.js', '');
  put('.pier/setup.lock', JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1' }));
  await Promise.all([1, 2].map(() => promisify(execFile)(process.execPath, ['--input-type=module', '-e', run, root])));
  expect([page(), builds(), readdirSync(join(root, '.pier'))]).toEqual(['whole', 1, []]);
});

test('a checkout without the UI goes on without it', () => {
  checkout();
  rmSync(join(root, 'web'), { recursive: true });
  ensure();
  expect(builds()).toBe(0);
});
