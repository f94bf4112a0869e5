/** Pure decisions about a device: which document it gets, under which revision, and which bindings are a consent that can hold. */
import { type AppName, type DeviceId, type Digest, type Json, type Version, type Verdict, accept, refuse } from '@pier/shared/core';
import type { Binding, Bindings } from '@pier/shared/capability';
import { type BoardProfile, findLine, reservedPorts } from '@pier/shared/hardware';
import type { Desired } from '@pier/shared/wire';

/** An assignment with what its release says. */
export type AssignedApp = {
  readonly app: AppName;
  readonly attempt: number;
  readonly soakS: number;
  readonly release: { readonly repository: string; readonly digest: Digest; readonly version: Version; readonly counter: number };
};

/** The whole document, from nothing but assignments and bindings. An app without bindings gets an empty set. */
export function renderDesired(of: {
  readonly device: DeviceId;
  readonly rev: number;
  readonly policyNumber: number;
  readonly assigned: readonly AssignedApp[];
  readonly bindings: ReadonlyMap<string, Bindings>;
}): Desired {
  const apps = of.assigned.map(({ app, attempt, soakS, release }) => {
    const { repository, digest, version, counter } = release;
    return [app, { repository, digest, version, counter, attempt, soakS, bindings: of.bindings.get(app) ?? {} }] as const;
  });
  return { device: of.device, rev: of.rev, policy: of.policyNumber, apps: Object.fromEntries(apps) };
}

/** What a device may claim to hold without costing us the room to go above it: a liar must not run our numbers out. */
const reportedMax = Number.MAX_SAFE_INTEGER - 2 ** 32;

/**
 * The revision after all that the device can have seen: above our last, above what it reports (a restored database heals),
 * and never below the clock. A report that no number could top is left out.
 */
export function nextRev({ previous, reported, nowMs }: { previous: number; reported: number; nowMs: number }): number {
  return Math.max(previous + 1, reported < reportedMax ? reported + 1 : 0, nowMs);
}

/** The same for (device, app): an attempt is never used twice, whatever the database has forgotten. */
export function nextAttempt({ previous, reported }: { previous: number; reported: number }): number {
  return Math.max(previous, reported < reportedMax ? reported : 0) + 1;
}

/**
 * What presence calls for. A device that holds a higher revision than ours, or another document under the same one, took
 * something that this manager did not write (a restored backup, a stolen scheduler key): it gets a newer document.
 */
export function answerToPresence(held: { rev: number; desired: string | null }, ours: { rev: number; hash: string | null }): 'nothing' | 'send' | 'render' {
  if (held.rev > ours.rev) return 'render';
  if (held.rev < ours.rev) return 'send';
  return ours.rev === 0 || held.desired === ours.hash ? 'nothing' : 'render';
}

/** As many as an app can ask for (64 lines, 8 ports and 4 folders): more would only fill the documents. */
const labelsMax = 76;

type Refused = ReturnType<typeof refuse>;
type Lined = Extract<Binding, { kind: 'gpio' }>;
type Ported = Extract<Binding, { kind: 'serial' }>;
type Placed<B extends Binding> = { readonly app: string; readonly label: string; readonly binding: B };

/**
 * Whether an app's bindings can hold on this board: each line exists, lines and ports are free for apps, a line that anybody
 * may drive has one holder, and so has every port. `others` are the bindings of the device's other apps.
 */
export function checkBindings(of: { readonly app: string; readonly bindings: Bindings; readonly others: ReadonlyMap<string, Bindings>; readonly profile: BoardProfile }): Verdict<Bindings> {
  const labels = Object.keys(of.bindings).length;
  if (labels > labelsMax) return refuse('too-large', `${labels} labels are bound; an app can ask for at most ${labelsMax}`);
  const mine = placedOf(of.app, of.bindings);
  const theirs = [...of.others].flatMap(([app, bindings]) => placedOf(app, bindings));
  for (const [index, one] of mine.entries()) {
    const rivals = [...mine.slice(0, index), ...theirs];
    const refused = isLined(one) ? checkLine(one, rivals.filter(isLined), of.profile) : isPorted(one) ? checkPort(one, rivals.filter(isPorted), of.profile) : undefined;
    if (refused) return refused;
  }
  return accept(of.bindings);
}

function placedOf(app: string, bindings: Bindings): Placed<Binding>[] {
  return Object.entries(bindings).map(([label, binding]) => ({ app, label, binding }));
}

function isLined(one: Placed<Binding>): one is Placed<Lined> {
  return one.binding.kind === 'gpio';
}

function isPorted(one: Placed<Binding>): one is Placed<Ported> {
  return one.binding.kind === 'serial';
}

function checkLine({ label, binding }: Placed<Lined>, rivals: readonly Placed<Lined>[], profile: BoardProfile): Refused | undefined {
  const { chip, line } = binding;
  const found = findLine(profile, { chip, line });
  if (!found) return refuse('line-unknown', `"${label}": this board has no line ${line} on chip "${chip}"; its chips: ${chipsOf(profile)}`);
  if (found.reserved !== undefined) return refuse('line-reserved', `"${label}": ${chip} line ${line} (${found.name}) is reserved by the board: ${found.reserved}`);
  const rival = rivals.find((other) => collide(binding, other.binding));
  return rival && refuse('conflict', `"${label}": ${chip} line ${line} (${found.name}) is already bound to "${rival.label}" of app ${rival.app}; an output has one holder, inputs may be shared when both are bound as "in" only`);
}

/** A port that the board did not name may be plugged in later; only what is known to be taken is refused. */
function checkPort({ label, binding: { path } }: Placed<Ported>, rivals: readonly Placed<Ported>[], profile: BoardProfile): Refused | undefined {
  if (reservedPorts(profile).includes(path)) return refuse('port-reserved', `"${label}": ${path} is reserved by the board: ${profile.serial.find((port) => port.path === path)?.reserved ?? ''}`);
  const rival = rivals.find((other) => other.binding.path === path);
  return rival && refuse('conflict', `"${label}": ${path} is already bound to "${rival.label}" of app ${rival.app}; a port has one holder`);
}

function collide(a: Lined, b: Lined): boolean {
  const drives = a.modes.includes('out') || b.modes.includes('out');
  return drives && a.chip === b.chip && a.line === b.line;
}

function chipsOf(profile: BoardProfile): string {
  return profile.chips.map((chip) => `${chip.label} (${chip.lines.length} lines)`).join(', ') || 'none, it has no pins';
}

/** PostgreSQL's text and jsonb have no NUL; what a guest or a device wrote is kept with a visible stand-in. */
export function withoutNul(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map(withoutNul);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.replaceAll('\0', '\uFFFD'), withoutNul(member)]));
}
