import { type AppName, type Clock, type Log, toFault } from '@pier/shared/core';

/** Before what could not be written down is tried again. */
export const tellAgainMs = 5_000;

/**
 * A call that tells somebody of an event and never throws: who hears it writes it down, and a disk may be full. What failed is
 * told again until it is taken; guests go on meanwhile.
 */
export function keepTelling<Args extends readonly unknown[]>({ app, clock, log }: { app: AppName; clock: Clock; log: Log }, event: string, tell: (...args: Args) => void): (...args: Args) => void {
  const attempt = (...args: Args): void => {
    try {
      tell(...args);
    } catch (cause) {
      const { code, message } = toFault(cause);
      log.error({ app, event, code, reason: message }, 'guest.event-not-written');
      clock.after(tellAgainMs, () => attempt(...args));
    }
  };
  return attempt;
}
