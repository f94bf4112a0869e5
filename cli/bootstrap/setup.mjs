import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { lockSetup } from './lock.mjs';
import { findNpm, npmRuns, runNpm } from './npm.mjs';
import { presentNode, provideNode } from './node.mjs';
import { providePackage } from './package-folder.mjs';
import { npmPin } from './pins.mjs';
import { checkMachine, describeMachine } from './platform.mjs';
import { preparePostgres } from './postgres.mjs';
import { SetupError, say } from './say.mjs';
import { isStamped, refreshLaunch, removeStamp, writeStamp } from './stamp.mjs';

/**
 * Makes the checkout ready to run and returns the Node to run it on. A finished set-up costs a few file reads; an
 * unfinished or outdated one is done again from where it is safe to. Throws a SetupError a person can act on.
 */
export async function ensureSetup(paths, env, signal) {
  const ready = readyNode(paths);
  if (ready !== undefined) return ready;
  checkMachine(describeMachine());
  makeFolders(paths);
  const unlock = await lockSetup(paths.lock, signal);
  try {
    return readyNode(paths) ?? await setUp(paths, env, signal);
  } finally {
    unlock();
  }
}

function readyNode(paths) {
  const node = presentNode(paths);
  if (node === undefined || !isStamped(paths)) return undefined;
  refreshLaunch(paths, node);
  return node;
}

async function setUp(paths, env, signal) {
  const startS = process.uptime();
  rmSync(paths.scratch, { recursive: true, force: true }); // what a killed set-up left: by our lock nobody uses it
  const machines = { node: process.execPath, script: findNpm(env), env, paths, cwd: paths.root };
  const node = await provideNode(machines, signal);
  if (!isStamped(paths)) {
    const script = await npmFor(node, machines, signal);
    say('installing the packages of the lockfile (once, 1 to 3 minutes)');
    removeStamp(paths);
    // A machine's NODE_ENV or npm configuration may leave out what the demo and the tests need.
    await runNpm({ ...machines, node, script }, { args: ['ci', '--include=dev', '--include=optional'], what: 'installing packages' }, signal);
    await preparePostgres(paths, signal);
    writeStamp(paths);
  }
  refreshLaunch(paths, node);
  say(`set-up is complete after ${Math.round(process.uptime() - startS)} s`);
  return node;
}

/** npm has to run under the Node that Pier uses: under an older one it leaves out optional packages made for newer. */
async function npmFor(node, machines, signal) {
  if (await npmRuns({ ...machines, node }, signal)) return machines.script;
  say(`the npm of this machine does not run under the Node that Pier uses; fetching npm ${npmPin.version} into this folder`);
  const folder = machines.paths.npm(npmPin.version);
  await providePackage(machines, { ...npmPin, folder }, signal);
  return `${folder}/bin/npm-cli.js`;
}

function makeFolders(paths) {
  try {
    mkdirSync(paths.own, { recursive: true });
    mkdirSync(paths.compileCache, { recursive: true });
    chmodSync(paths.compileCache, 0o700);
  } catch (error) {
    // ENOENT: what Node makes of a read-only file system here, since the checkout itself is there.
    if (!['EACCES', 'EROFS', 'EPERM', 'EEXIST', 'ENOTDIR', 'ENOENT'].includes(error.code)) throw error;
    throw new SetupError(`set-up cannot write to ${paths.root} (read-only, or another user's?): Pier keeps Node, packages and caches there.`);
  }
}
