import { watchLifeline } from './lifeline.ts';

/** A signal that aborts on SIGTERM, SIGINT, SIGHUP or when the parent is gone; a second SIGINT or SIGTERM ends at once with 130 or 143. */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', status: number): void => {
    process.on(signal, () => {
      if (controller.signal.aborted && signal !== 'SIGHUP') process.exit(status);
      controller.abort(new Error(`stopped by ${signal}`));
    });
  };
  stop('SIGINT', 130);
  stop('SIGTERM', 143);
  stop('SIGHUP', 129);
  watchLifeline(() => controller.abort(new Error('the parent process is gone')));
  return controller.signal;
}
