/** Pure decisions about enrolment: whether a token still counts, and what a new device is called. */
import { type Random, type Verdict, DeviceId, accept, invariant, refuse } from '@pier/shared/core';

export type Token = { readonly uses: number; readonly usesMax: number; readonly expiresAt: Date };

/** Whether a token may take in one more new device. */
export function checkToken(token: Token | undefined, nowMs: number): Verdict<Token> {
  if (!token) return refuse('token-invalid', 'this manager gave out no such claim token; make one with: pier token create');
  if (token.expiresAt.getTime() <= nowMs) return refuse('token-expired', `the claim token expired at ${token.expiresAt.toISOString()}; make a new one with: pier token create`);
  if (token.uses >= token.usesMax) return refuse('token-used', `the claim token has been used ${token.uses} of ${token.usesMax} times; make a new one with: pier token create`);
  return accept(token);
}

/** Letters and digits that people do not mistake for one another. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const chanceLetters = 6;
const nameLettersMax = 40;

/** A device's id: its name as far as it is readable, and some chance, so that two boards of one name differ. */
export function deviceIdFor(name: string, random: Random): DeviceId {
  const readable = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, nameLettersMax)
    .replaceAll(/^-+|-+$/g, '');
  const chance = Array.from({ length: chanceLetters }, () => alphabet[Math.floor(random() * alphabet.length)] ?? 'a').join('');
  const id = DeviceId.safeParse(`${readable === '' ? 'device' : readable}-${chance}`);
  invariant(id.success, `a device id made of "${readable}" is valid`);
  return id.data;
}
