/** A request that is sent again because its answer was lost is not done again (Idempotency-Key). */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Route } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';

/** What tells one request from another: who, under which key, and a hash of all that was asked. */
export type Asked = {
  readonly user: string;
  readonly key: string;
  readonly route: string;
  readonly hash: string;
  readonly status: number;
  /** Whether an answer may be kept: one with a secret may not. */
  readonly mayKeep: (answer: unknown) => boolean;
};

/** Does what is asked the first time, and gives the kept answer afterwards. Faults: `conflict`, `too-many-requests`, and those of the act. */
export type Once = (asked: Asked, act: () => Promise<unknown>) => Promise<unknown>;

/** Hashes over bodies with a password are made with a key that dies with the process: a guess could be held against a plain one. */
const processKey = randomBytes(32);

/** The Idempotency-Key of a request; undefined without one. Faults: `input-invalid`. */
export function idempotencyKeyOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,128}$/.test(header)) return header;
  throw new Fault('input-invalid', 'Idempotency-Key: expected one word of 1 to 128 visible ASCII characters');
}

export function askedOnce({ definition, user, key, url, parts }: { definition: Route; user: string; key: string; url: string; parts: readonly unknown[] }): Asked {
  const secrets = definition.secrets ?? [];
  const hash = secrets.length === 0 ? createHash('sha256') : createHmac('sha256', processKey);
  return {
    user,
    key,
    route: `${definition.method} ${definition.path}`,
    hash: hash.update(JSON.stringify([url, ...parts.map((part) => part ?? null)])).digest('hex'),
    status: definition.status,
    mayKeep: (answer) => typeof answer !== 'object' || answer === null || !secrets.some((field) => Object.hasOwn(answer, field)),
  };
}
