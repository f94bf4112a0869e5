/** A Chromium for tests: the machine's own, else one from npm, fetched once into the checkout's own folder. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');
/** Linux on x64 only; the libraries that a bare Debian lacks come with it. */
const fromNpm = { name: '@sparticuz/chromium', version: '153.0.0' } as const;
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const;
const macPlaces = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'] as const;

/** The path of a browser that runs here, and what it has to be started with. Fails with what to do when there is none. */
export async function findChromium(env: Readonly<Record<string, string | undefined>>): Promise<{ executablePath: string; args: string[] }> {
  const own = env['CHROMIUM'] ?? [...(env['PATH'] ?? '').split(delimiter).filter(Boolean).flatMap((folder) => names.map((name) => join(folder, name))), ...macPlaces].find((path) => existsSync(path));
  // The browser's own sandbox does not start for root; the pages are ours.
  const args = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : ['--disable-dev-shm-usage'];
  if (own !== undefined) return { executablePath: own, args };
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`no Chromium or Chrome on the PATH of this ${process.platform} ${process.arch}: install one, or name it in CHROMIUM`);
  return { executablePath: await fetched(env), args };
}

async function fetched(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = join(root, '.pier', 'chromium', fromNpm.version);
  const require = createRequire(join(folder, 'x.js'));
  if (!existsSync(join(folder, 'node_modules', fromNpm.name))) {
    mkdirSync(folder, { recursive: true });
    await run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', `${fromNpm.name}@${fromNpm.version}`], { env: { ...env, npm_config_workspaces: 'false' }, cwd: folder });
  }
  // It unpacks itself into the temporary folder under a fixed name, so it gets a folder of its own.
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  const module: { default: { executablePath: () => Promise<string> } } = await import(pathToFileURL(require.resolve(fromNpm.name)).href);
  return module.default.executablePath();
}
