import type { Clock } from '@pier/shared/core';
import { newSessionSecret } from './secrets.ts';

const sessionMaxAgeS = 12 * 3_600;

/** A session that is about to begin: what goes into the cookie, and what is stored. */
export type NewSession = { readonly secret: string; readonly maxAgeS: number; readonly stored: { readonly hash: string; readonly expiresAt: Date } };

export function sessionUntil(clock: Clock): NewSession {
  const { text, hash } = newSessionSecret();
  return { secret: text, maxAgeS: sessionMaxAgeS, stored: { hash, expiresAt: new Date(clock.nowMs() + sessionMaxAgeS * 1_000) } };
}
