import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Clock, type Log, type Random, check, parseJson } from '@pier/shared/core';
import { replaceFile } from '@pier/shared/disk';
import type { BoardProfile } from '@pier/shared/hardware';
import { type Behaviour, behaviours } from './behaviour.ts';
import { type FleetCounts, SimDevice } from './device.ts';
import { type Identity, Identity as IdentitySchema, enrol } from './enrol.ts';

const enrolAtOnce = 16;
const connectAtOnce = 32;

/** `share` devices of a hundred behave so; the others are honest. */
export type Mix = Readonly<Partial<Record<Behaviour, number>>>;

export type FleetOptions = { readonly boards: number; readonly dir: string; readonly manager: string; readonly token: string; readonly profile: BoardProfile; readonly mix: Mix; readonly clock: Clock; readonly random: Random; readonly log: Log };
export type Fleet = AsyncDisposable & {
  readonly devices: readonly string[];
  readonly counts: Readonly<FleetCounts>;
  /** Which of them behave how. */
  readonly behaviours: ReadonlyMap<string, Behaviour>;
};

const Stored = z.array(IdentitySchema);

/** Enrols what is not enrolled yet (identities are kept in `dir`), connects all, and keeps them until disposed. */
export async function openFleet(options: FleetOptions, signal: AbortSignal): Promise<Fleet> {
  const identities = await identitiesOf(options, signal);
  const counts: FleetCounts = { connected: 0, desired: 0, refused: 0, reports: 0, acked: 0, lost: 0 };
  await using stack = new AsyncDisposableStack();
  const chosen = new Map(identities.map((identity, index) => [identity.device, behaviourAt(index, options.mix)] as const));
  const devices = identities.map((identity) => stack.use(new SimDevice({ ...options, identity, model: options.profile.model, counts, behaviour: () => chosen.get(identity.device) ?? 'honest' })));
  await inTurn(devices, connectAtOnce, (device) => device.connect());
  const owned = stack.move();
  return {
    devices: identities.map((identity) => identity.device),
    counts,
    behaviours: chosen,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Spread evenly, and the same each time. */
export function behaviourAt(index: number, mix: Mix): Behaviour {
  let from = 0;
  const place = (index * 37) % 100;
  for (const behaviour of behaviours) {
    const share = mix[behaviour] ?? 0;
    if (place >= from && place < from + share) return behaviour;
    from += share;
  }
  return 'honest';
}

async function identitiesOf({ boards, dir, manager, token, profile }: FleetOptions, signal: AbortSignal): Promise<Identity[]> {
  const file = join(dir, 'identities.json');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const known = existsSync(file) ? check(Stored, parseJson(readFileSync(file), { what: file, sizeBytesMax: 1 << 30 }), { what: file }) : [];
  const missing = Array.from({ length: Math.max(0, boards - known.length) }, (_, index) => known.length + index);
  const made: Identity[] = [];
  await inTurn(missing, enrolAtOnce, async (index) => void made.push(await enrol({ manager, token, name: `sim-${String(index).padStart(5, '0')}`, profile }, signal)));
  if (made.length > 0) await replaceFile({ path: file, bytes: JSON.stringify([...known, ...made]), mode: 0o600 });
  return [...known, ...made].slice(0, boards);
}

async function inTurn<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const item of left) await act(item);
  }));
}
