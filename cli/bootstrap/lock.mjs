import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, processState } from './process-state.mjs';
import { say } from './say.mjs';

const pollMs = 200;

/**
 * Waits until no other set-up works in this checkout, then holds the lock; returns what gives it back. The lock names
 * its holder by process id and start time, so that one left by a killed set-up is taken over at once.
 */
export async function lockSetup(path, signal) {
  const { startTicks } = processState(process.pid) ?? {};
  const mine = JSON.stringify({ pid: process.pid, startTicks });
  let told = false;
  while (!claim(path, mine)) {
    signal.throwIfAborted();
    const seen = read(path);
    const holder = parse(seen);
    if (holder !== undefined && isAlive(holder)) {
      if (!told) say(`another set-up (process ${holder.pid}) is at work in this folder; waiting for it`);
      told = true;
      await pause(pollMs, undefined, { signal });
    } else if (seen !== undefined) takeAway(path, seen);
  }
  return () => {
    if (read(path) === mine) rmSync(path, { force: true });
  };
}

/** A link either appears whole or not at all, and never replaces another: no reader sees half a lock. */
function claim(path, mine) {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, mine);
  try {
    linkSync(beside, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Removes a dead holder's lock, and gives it back where somebody else's came in between. */
function takeAway(path, seen) {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
    if (read(aside) !== seen) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error; // somebody was faster: look again
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A lock that cannot be read names nobody, so it holds nobody up. */
function parse(text) {
  try {
    const holder = JSON.parse(text ?? '');
    return Number.isInteger(holder?.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}
