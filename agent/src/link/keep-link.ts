import type { Clock, Log, Random } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import { enrolAgain } from './enroll.ts';
import { type FindDeps, brokerSessions } from './find-broker.ts';
import { CertificateKeeper } from './keep-certificate.ts';
import { type KeepDeps, keepSession } from './keep-session.ts';

export type LinkDeps = FindDeps &
  Pick<KeepDeps, 'onSession'> & {
    readonly folder: string;
    readonly token: string | undefined;
    readonly name: string | undefined;
    readonly profile: () => Promise<BoardProfile>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  };

/** Keeps this device connected, and its certificate good, until the signal fires. */
export async function keepLink(deps: LinkDeps, signal: AbortSignal): Promise<void> {
  const { held, folder, manager, token, name, profile, clock, random, log, onSession } = deps;
  const again = token === undefined ? undefined : (until: AbortSignal) => enrolAgain({ folder, manager, clock, random, log }, { token, name, profile }, held.now, until);
  const keeper = new CertificateKeeper({ held, folder, manager, clock, random, log, again });
  const session = keepSession({ open: brokerSessions(deps), onSession, pair: () => held.pair, onRefused: () => keeper.look(), clock, random, log }, signal);
  await Promise.all([session, keeper.run(signal)]);
}
