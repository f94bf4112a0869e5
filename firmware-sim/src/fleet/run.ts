import { Fault, type Log, check, systemClock, systemRandom } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { boardProfile } from '../board/index.ts';
import { Behaviour } from './behaviour.ts';
import { type Mix, openFleet } from './fleet.ts';

export type FleetWords = { readonly boards: number; readonly dir: string; readonly manager: string; readonly token: string; readonly behave: readonly string[]; readonly ready: boolean };

/** `fails=2` lets two devices of a hundred fail. Faults: `input-invalid`. */
export function mixOf(words: readonly string[]): Mix {
  const shares = words.map((word) => {
    const [, kind = '', percent = ''] = /^([a-z-]+)=(\d{1,3})$/.exec(word) ?? [];
    const share = Number(percent);
    if (kind === '' || share > 100) throw new Fault('input-invalid', `--behave takes KIND=PERCENT, KIND being one of ${Behaviour.options.join(', ')}; not "${word}"`);
    return [check(Behaviour, kind, { what: '--behave' }), share] as const;
  });
  if (shares.reduce((sum, [, share]) => sum + share, 0) > 100) throw new Fault('input-invalid', 'the shares of --behave are more than 100 %');
  return Object.fromEntries(shares);
}

/** Runs a fleet of devices without boards until a signal ends it; tells its counts at the end. */
export async function runFleet({ behave, ready, ...rest }: FleetWords, log: Log): Promise<void> {
  const signal = shutdownSignal();
  await using fleet = await openFleet({ ...rest, mix: mixOf(behave), profile: boardProfile('raspberry-pi-4b', 'input'), clock: systemClock, random: systemRandom, log }, signal);
  process.stdout.write(ready ? `${JSON.stringify({ ready: true, devices: fleet.devices })}\n` : `${fleet.devices.length} devices are connected\n`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  log.info({ ...fleet.counts }, 'fleet.stopped');
}
