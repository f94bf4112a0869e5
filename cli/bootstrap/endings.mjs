import { constants } from 'node:os';
import { watchAncestors } from './ancestors.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// One Ctrl-C under npm comes twice: from the terminal, and forwarded by npm.
const sameS = 0.5;

/**
 * Everything that may end us early, told to whoever handles it at the time: `{ signal }`, or `{ signal: undefined }`
 * when the npm above us was killed. `handledBy` replaces the handler; what came before it was set is not lost.
 */
export function watchEndings(env) {
  const seenAtS = new Map();
  let handler;
  let missed;
  const tell = (ending) => {
    if (handler === undefined) missed = ending;
    else handler(ending);
  };
  for (const signal of signals) {
    process.on(signal, () => {
      const nowS = process.uptime();
      const repeated = nowS - (seenAtS.get(signal) ?? -sameS) < sameS;
      seenAtS.set(signal, nowS);
      if (!repeated) tell({ signal });
    });
  }
  watchAncestors(env, () => tell({ signal: undefined }));
  return {
    handledBy(next) {
      handler = next;
      if (missed !== undefined) next(missed);
      missed = undefined;
    },
  };
}

/** The exit status by which shells say that a signal ended a process. */
export function statusOf(signal) {
  return signal === undefined ? 1 : 128 + constants.signals[signal];
}
