/** The manager's process: its words, and how it ends. */
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { type Asked, readCommand } from './config.ts';
import { asksForHelp, usage } from './usage.ts';

process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  const stop = shutdownSignal();
  if (asksForHelp(argv)) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  let asked: Asked;
  try {
    asked = readCommand(argv, process.env);
  } catch (thrown) {
    // In words alone: nobody reads the log of what never began.
    const { code, message, exit } = toFault(thrown);
    process.stderr.write(`pier manager: ${code}: ${message}\n`);
    return exit;
  }
  // Loaded only now: who made a mistake, or wants to know how it is used, does not wait for it.
  const { act } = await import('./acts.ts');
  return act(asked, stop);
}
