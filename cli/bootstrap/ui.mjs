import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockSetup } from './lock.mjs';
import { runHidden } from './run-hidden.mjs';
import { SetupError, say } from './say.mjs';

/** What the UI is made of: its own folder, and the parts of `shared` that run in a browser too. */
const sources = ['web/index.html', 'web/vite.config.ts', 'web/package.json', 'web/public', 'web/src', 'shared/src/api', 'shared/src/capability', 'shared/src/core', 'shared/src/selector', 'shared/src/wire', 'package-lock.json'];

/** Builds the UI where it was not built from what the checkout says now. One at a time: a second finds what the first has made. */
export async function ensureUi(paths, { node, env }, signal) {
  if (!existsSync(join(paths.root, 'web'))) return; // a checkout of parts of Pier
  const built = join(paths.root, 'web', 'dist');
  if (isBuilt(paths, built)) return;
  const unlock = await lockSetup(paths.lock, signal);
  try {
    if (!isBuilt(paths, built)) await build(paths, { node, env, built }, signal);
  } finally {
    unlock();
  }
}

function isBuilt(paths, built) {
  const stamp = join(built, 'built-from');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprintOfUi(paths.root);
}

async function build(paths, { node, env, built }, signal) {
  const fresh = join(paths.scratch, 'ui');
  rmSync(paths.scratch, { recursive: true, force: true }); // what a killed build left: by our lock nobody uses it
  say('building the pages of the UI');
  try {
    const wanted = fingerprintOfUi(paths.root);
    const { status, output } = await runHidden(node, [join(paths.modules, 'vite', 'bin', 'vite.js'), 'build', join(paths.root, 'web'), '--configLoader', 'native', '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'], { cwd: paths.root, env, signal });
    if (status !== 0) throw new SetupError(`the pages of the UI could not be built:\n${output.trim()}`);
    writeFileSync(join(fresh, 'built-from'), wanted);
    replaceFolder(fresh, built);
  } finally {
    rmSync(paths.scratch, { recursive: true, force: true });
  }
}

export function fingerprintOfUi(root) {
  const hash = createHash('sha256');
  for (const path of sources.flatMap((source) => filesOf(root, source))) hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0');
  return hash.digest('hex');
}

function filesOf(root, path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const names = readdirSync(join(root, path)).filter((name) => !/\.test\.tsx?$/.test(name));
  return names.sort().flatMap((name) => filesOf(root, `${path}/${name}`));
}

/** The old folder goes aside first: no rename replaces one that has files. */
function replaceFolder(fresh, place) {
  if (existsSync(place)) renameSync(place, `${fresh}-old`);
  renameSync(fresh, place);
}
