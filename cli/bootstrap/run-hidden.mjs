import { spawn } from 'node:child_process';
import { say } from './say.mjs';

const outputMax = 64 * 1024;
const reminderMs = 30_000;

/**
 * Runs a program with its output kept back (the last 64 KB of both streams); `what` is said now and then while it
 * lasts. Resolves to `{ status, output }`; rejects when it cannot be started or `signal` aborts, and then it is killed.
 * The program gets a pipe at descriptor 3 that ends with us.
 */
export function runHidden(command, args, { cwd, env, what, signal }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd, env, signal, killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-outputMax);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.stdio[3].on('error', () => {}); // it ends with the program, maybe in a reset: the exit status tells more
    const reminder = what === undefined ? undefined : setInterval(() => say(`still ${what}`), reminderMs);
    let failure;
    child.once('error', (error) => {
      failure = error;
      if (child.pid === undefined) settle(); // it never started, so it will not close either
    });
    child.once('close', (status) => settle(status));
    function settle(status) {
      clearInterval(reminder);
      if (failure === undefined) resolve({ status, output });
      else reject(failure);
    }
  });
}
