/** Secrets that machines hold. They are random, so that their plain hash is enough to keep. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type ApiToken = { readonly id: string; readonly text: string; readonly hash: string };

/** `pier_<id>_<secret>`: the id may be shown and logged, the whole never. */
export function newApiToken(): ApiToken {
  const id = randomBytes(6).toString('hex');
  const text = `pier_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, hash: hashOf(text) };
}

/** The hash under which a token is stored; undefined for what cannot be one. */
export function tokenHash(text: string): string | undefined {
  return /^pier_[0-9a-f]{12}_[\w-]{43}$/.test(text) ? hashOf(text) : undefined;
}

export function newSessionSecret(): { readonly text: string; readonly hash: string } {
  const text = randomBytes(32).toString('base64url');
  return { text, hash: hashOf(text) };
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** 130 bits that a person can type. */
export function newPassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from(randomBytes(26), (byte) => alphabet.charAt(byte & 31)).join('').replace(/(.{6})(?=.)/g, '$1-');
}

/** Digits and capitals without those that are taken for one another (Crockford's base 32): 5 bits each. */
const codeAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 60 bits that a person reads off a log and types: `7KQ2-M4XP-9T3W`. */
export function newSetupCode(): string {
  return Array.from(randomBytes(12), (byte) => codeAlphabet.charAt(byte & 31)).join('').replace(/(.{4})(?=.)/g, '$1-');
}

/** The hash of a code however it was typed: in small letters, with or without hyphens, O for 0 and I or L for 1. */
export function setupCodeHash(typed: string): Buffer {
  const meant = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return createHash('sha256').update(meant).digest();
}

export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
