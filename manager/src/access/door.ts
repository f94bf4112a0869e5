/** Where passwords are looked at: few at once, and of one who guesses only some. */
import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import type { Actor } from '../http/index.ts';
import { Attempts } from './attempts.ts';
import type { Passwords } from './password.ts';
import { findUser } from './store.ts';
import { turnstile } from './turnstile.ts';

export type Door = { readonly enter: ReturnType<typeof turnstile>; readonly attempts: Attempts };
/** Whom a password belongs to, and as what it is stored. */
export type Known = Actor & { readonly password: string };
export type Attempt = { readonly user: string; readonly password: string; readonly address: string };
export type PasswordCheck = (attempt: Attempt, door: Door) => Promise<Known>;

/** Two doors: strangers on the devices' listener, where anybody may knock, neither hold up people at the page nor shut them out. */
const doors = { page: { atOnceMax: 2, waitingMax: 32, perAddressMax: 16 }, registry: { atOnceMax: 1, waitingMax: 32, perAddressMax: 8 } } as const;

export function openDoors(clock: Clock): { readonly page: Door; readonly registry: Door } {
  const open = (limits: (typeof doors)[keyof typeof doors]): Door => ({ enter: turnstile(limits), attempts: new Attempts(clock) });
  return { page: open(doors.page), registry: open(doors.registry) };
}

/** Users' passwords, looked at one by one at a door. Faults: `unauthenticated`, `too-many-requests`. */
export function passwordCheck({ db, log, secret }: { db: Db; log: Log; secret: Passwords }): PasswordCheck {
  const refuseBlocked = ({ attempts }: Door, key: string, user: string): void => {
    if (attempts.blocked(key)) throw new Fault('too-many-requests', `too many failed sign-ins as ${user.slice(0, 64)}; try again in a minute`);
  };
  const checkInTurn = async ({ user, password, address }: Attempt, door: Door, key: string): Promise<Known> => {
    const { attempts } = door;
    refuseBlocked(door, key, user);
    // Counted before it is known: of many guesses at once no more are looked at than of as many one by one.
    attempts.failed(key);
    // Text that no database can hold is nobody's name.
    const found = user.includes('\0') ? undefined : await findUser(db, user);
    if ((await secret.matches(password, found?.password)) && found !== undefined) {
      attempts.succeeded(key);
      return { name: user, ...found };
    }
    log.warn({ user: user.slice(0, 64), address }, 'access.sign-in-failed');
    throw wrongPassword();
  };
  return async (attempt, door) => {
    const key = `${attempt.user}\n${attempt.address}`;
    refuseBlocked(door, key, attempt.user);
    return door.enter(attempt.address, () => checkInTurn(attempt, door, key));
  };
}

export function wrongPassword(): Fault {
  return new Fault('unauthenticated', 'wrong user name or password');
}
