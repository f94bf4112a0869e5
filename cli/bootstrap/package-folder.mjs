import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { lockSetup } from './lock.mjs';
import { explainFailure } from './npm-failure.mjs';
import { runNpm } from './npm.mjs';
import { runHidden } from './run-hidden.mjs';
import { SetupError } from './say.mjs';

/**
 * Puts one npm package, checked against its pinned integrity, at `folder`, unless it is there already. It is unpacked
 * beside and renamed when whole, so that the folder's presence proves it complete.
 */
export async function providePackage(npm, { spec, integrity, folder }, signal) {
  if (existsSync(folder)) return;
  const { scratch } = npm.paths;
  mkdirSync(scratch, { recursive: true });
  const work = mkdtempSync(join(scratch, 'package-'));
  try {
    // npm reads the package.json of the folder it runs in; in an empty one nothing of ours can be in its way.
    await runNpm({ ...npm, cwd: work }, { args: ['pack', spec, '--pack-destination', work], what: `fetching ${spec}` }, signal);
    const archive = join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '');
    await checkIntegrity(archive, { spec, integrity }, signal);
    const unpacked = join(work, 'unpacked');
    mkdirSync(unpacked);
    await unpack(archive, unpacked, signal);
    mkdirSync(dirname(folder), { recursive: true });
    renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The same for a build that runs beside others, which may be at the same package, or at set-up, which clears the scratch folder. */
export async function providePackageAlone(npm, wanted, signal) {
  if (existsSync(wanted.folder)) return;
  mkdirSync(npm.paths.own, { recursive: true });
  const unlock = await lockSetup(npm.paths.lock, signal);
  try {
    await providePackage(npm, wanted, signal);
  } finally {
    unlock();
  }
}

async function checkIntegrity(archive, { spec, integrity }, signal) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash, { signal });
  const seen = `sha512-${hash.digest('base64')}`;
  if (seen !== integrity) throw new SetupError(`${spec} is not what was pinned: expected ${integrity}, read ${seen}. Nothing of it was used.`);
}

/** `-o`: as root, files belong to root and not to whatever number the archive names. */
async function unpack(archive, into, signal) {
  const what = 'unpacking with tar';
  try {
    const { status, output } = await runHidden('tar', ['-xzof', archive, '--strip-components=1', '-C', into], { what, signal });
    if (status !== 0) throw new SetupError(explainFailure(what, output));
  } catch (error) {
    if (error.code === 'ENOENT') throw new SetupError('`tar` was not found on the PATH; set-up unpacks Node with it (packages tar and gzip).');
    throw error;
  }
}
