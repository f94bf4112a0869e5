/**
 * What passes over a simulated board's Unix socket: one JSON document a line. An agent opens lines; a person or a test
 * drives inputs, pulls plugs and reads levels. Values of opened lines go another way, see `LineCell`; the bytes of serial
 * ports go through pseudo-terminals, see `ProfilePort`. A connection is a holder: what it opened is released when it ends.
 */
import * as z from 'zod';
import { LineRef } from '../capability/index.ts';
import { BoardProfile } from './profile.ts';
import { SerialFault, SimPort } from './sim-serial.ts';

const Id = z.int().min(1);
const PortName = z.string().max(64);
const LineLevel = z.union([z.literal(0), z.literal(1)]);
/** A file in the board's folder, so that both sides may name that folder differently. */
const FileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})?$/, 'a file of the board\'s folder');

/** Longest line that either side reads. */
export const simLineBytesMax = 64 << 10;

export const SimRequest = z.discriminatedUnion('op', [
  z.strictObject({ id: Id, op: z.literal('hello') }),
  z.strictObject({ id: Id, op: z.literal('open'), at: LineRef, direction: z.enum(['in', 'out']), bias: z.enum(['up', 'down', 'none']), initial: LineLevel.optional(), consumer: z.string().max(128) }),
  /** Releases a line; `unwatch` is part of it. */
  z.strictObject({ id: Id, op: z.literal('close'), handle: z.int() }),
  z.strictObject({ id: Id, op: z.literal('set'), handle: z.int(), to: z.union([LineLevel, z.literal('input')]) }),
  z.strictObject({ id: Id, op: z.literal('watch'), handle: z.int(), edges: z.enum(['rising', 'falling', 'both']), debounceUs: z.int().min(0).max(1_000_000) }),
  z.strictObject({ id: Id, op: z.literal('unwatch'), watch: z.int() }),
  /** From outside: puts a level on an input, by line name such as `GPIO4` or by a part's name such as `button`. */
  z.strictObject({ id: Id, op: z.literal('outside'), line: z.string().max(64), level: LineLevel }),
  /** Presses a part (a button) for `ms`, then lets it go. */
  z.strictObject({ id: Id, op: z.literal('press'), part: z.string().max(64), ms: z.int().min(1).max(60_000) }),
  z.strictObject({ id: Id, op: z.literal('lines') }),
  /** Pulls the plug of a serial port: whoever has it open sees it hang up, and its path is gone. */
  z.strictObject({ id: Id, op: z.literal('unplug'), port: PortName }),
  /** Plugs it in again: the same path, another terminal behind it. */
  z.strictObject({ id: Id, op: z.literal('plug'), port: PortName }),
  /** Spoils what the part on a port answers, for the next `count` answers or until told otherwise. */
  z.strictObject({ id: Id, op: z.literal('serialFault'), port: PortName, fault: SerialFault, count: z.int().min(1).max(1_000_000).optional() }),
  /** Sets what a part measures, such as `powerW` of a meter. */
  z.strictObject({ id: Id, op: z.literal('part'), name: z.string().max(64), values: z.record(z.string().max(64), z.number()) }),
  z.strictObject({ id: Id, op: z.literal('ports') }),
  /** What is wired to the board, on lines and on ports. */
  z.strictObject({ id: Id, op: z.literal('parts') }),
]);
export type SimRequest = z.infer<typeof SimRequest>;

export const SimLine = z.strictObject({
  ...LineRef.shape,
  name: z.string(),
  level: LineLevel,
  direction: z.enum(['in', 'out']),
  consumer: z.string().nullable(),
  edges: z.int(),
});
export type SimLine = z.infer<typeof SimLine>;

/** A part of the board; `values` is what one on a port measures now, by the names that `part` takes. */
export const WiredPart = z.strictObject({
  name: z.string(),
  kind: z.enum(['led', 'button', 'modbus-meter', 'serial-echo']),
  line: z.string().nullable(),
  port: z.string().nullable(),
  values: z.record(z.string(), z.number()),
});
export type WiredPart = z.infer<typeof WiredPart>;

export const SimAnswer = z.union([
  z.strictObject({ edge: z.strictObject({ watch: z.int(), tNs: z.string(), seq: z.int(), lost: z.int(), level: LineLevel }) }),
  z.strictObject({ id: Id, ok: z.literal(true), hello: z.strictObject({ profile: BoardProfile, records: FileName }) }),
  /** `handle` also names the line in the records of its value cell; it is never used twice. */
  z.strictObject({ id: Id, ok: z.literal(true), opened: z.strictObject({ handle: z.int().min(1), levelFile: FileName }) }),
  z.strictObject({ id: Id, ok: z.literal(true), watching: z.strictObject({ watch: z.int() }) }),
  z.strictObject({ id: Id, ok: z.literal(true), lines: z.array(SimLine) }),
  z.strictObject({ id: Id, ok: z.literal(true), ports: z.array(SimPort) }),
  z.strictObject({ id: Id, ok: z.literal(true), parts: z.array(WiredPart) }),
  z.strictObject({ id: Id, ok: z.literal(true) }),
  /** Without an id where the request's could not be read. */
  z.strictObject({ id: Id.optional(), ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type SimAnswer = z.infer<typeof SimAnswer>;

/** One line of the simulator's own record file (`record.ndjson`): every change of level or direction, and who made it. */
export const SimRecord = z.strictObject({
  tNs: z.string(),
  ...LineRef.shape,
  name: z.string(),
  level: LineLevel,
  direction: z.enum(['in', 'out']),
  /** `guest` through the value cell or sysfs's `value`, `agent` over the socket or through sysfs's `direction`, `outside` by a part or a person, `release` when a holder went away. */
  by: z.enum(['guest', 'agent', 'outside', 'release']),
  consumer: z.string().nullable(),
});
export type SimRecord = z.infer<typeof SimRecord>;
