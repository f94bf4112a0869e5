import { commandLine, hasProc, isAlive, processState } from './process-state.mjs';

const pollMs = 500;
const depthMax = 8;

/**
 * The processes between us and the npm that runs us, npm included. A killed npm leaves its shell and us alive, and
 * nobody else would tell us. Outside an npm script the list is empty: a command started from a shell may outlive it.
 */
export function npmAncestors(env) {
  if (env.npm_lifecycle_event === undefined) return [];
  const chain = [];
  let pid = process.ppid;
  while (chain.length < depthMax && pid > 1) {
    const state = processState(pid);
    if (state === undefined) return [];
    chain.push(state);
    if (isPackageManager(commandLine(pid), env.npm_execpath)) return chain;
    pid = state.parent;
  }
  return chain.slice(0, 1);
}

/** npm gives itself the title "npm run …"; others keep the path of their script. */
function isPackageManager(line, script) {
  return /^npm( |$)/.test(line) || (script !== undefined && line.includes(script));
}

/** Calls `gone` once, as soon as one of the watched ancestors has ended; returns what stops the watch. */
export function watchAncestors(env, gone) {
  const chain = npmAncestors(env);
  const parent = process.ppid;
  const followParent = env.npm_lifecycle_event !== undefined && !hasProc;
  if (chain.length === 0 && !followParent) return () => {};
  const timer = setInterval(() => {
    if (followParent ? process.ppid === parent : chain.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}
