import { spawn } from 'node:child_process';
import { pierEnvironment } from './environment.mjs';
import { statusOf } from './endings.mjs';
import { SetupError } from './say.mjs';

const graceMs = 7000;

/**
 * Runs `target` on `node` with our standard streams until it ends, and resolves to the exit status to end with.
 *
 * It runs in a session of its own: a Ctrl-C at a terminal goes to a whole process group, and the copy that we pass on
 * would reach it as a second one, which means "at once". What it must know of, we forward. Descriptor 3 is a pipe
 * that only we hold: when we are gone, however, it ends and the program with it.
 */
export function launch({ node, target, args, env, paths, endings }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [target, ...args], {
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...pierEnvironment(env, { node, compileCache: paths.compileCache }), PIER_LIFELINE_FD: '3' },
    });
    const lifeline = child.stdio[3];
    lifeline.on('error', () => {}); // reset by a program that ended: its exit status tells more
    lifeline.resume();
    child.once('error', (error) => reject(new SetupError(`${node} cannot be started: ${error.message}`)));
    child.once('exit', (status, signal) => resolve(status ?? statusOf(signal)));
    const forwardResize = () => child.kill('SIGWINCH');
    process.on('SIGWINCH', forwardResize);
    endings.handledBy(({ signal }) => {
      if (signal !== undefined) child.kill(signal);
      else {
        lifeline.destroy();
        setTimeout(() => killGroup(child.pid), graceMs);
      }
    });
  });
}

/** The last word for a program that does not heed its lifeline, and for what it started in its own session. */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has ended by itself
  }
}
