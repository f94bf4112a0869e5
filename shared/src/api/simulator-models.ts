import * as z from 'zod';
import { DeviceId } from '../core/index.ts';
import { LineRef } from '../capability/index.ts';
import { Time } from './common.ts';

/** A part of a simulated board, on a line or on a serial port, and what it can be told. */
export const SimPart = z.object({
  name: z.string(),
  kind: z.enum(['led', 'button', 'modbus-meter', 'serial-echo']),
  /** Name of its line, such as `GPIO17`; or of its serial port. */
  line: z.string().nullable(),
  port: z.string().nullable(),
  /** What a part on a serial port measures now, by the names that `set-part` takes. */
  values: z.record(z.string(), z.number()),
});
export type SimPart = z.infer<typeof SimPart>;

export const SimPortFault = z.enum(['none', 'crc', 'silent', 'slow', 'partial', 'noise']);

export const SimBoard = z.object({ id: z.string(), model: z.string(), /** The device whose agent holds it, where that is known. */ device: DeviceId.nullable(), answers: z.boolean(), parts: z.int() }).meta({ id: 'SimBoard' });
export type SimBoard = z.infer<typeof SimBoard>;

/** A simulated board as its own side sees it, whatever the agent says. */
export const SimBoardDetail = SimBoard.extend({
  at: Time,
  lines: z.array(
    z.object({ ...LineRef.shape, name: z.string(), headerPin: z.int().nullable(), reserved: z.string().nullable(), level: z.union([z.literal(0), z.literal(1)]), direction: z.enum(['in', 'out']), consumer: z.string().nullable(), edges: z.int() }),
  ),
  ports: z.array(
    z.object({ port: z.string(), path: z.string(), plugged: z.boolean(), part: z.string(), baud: z.int().nullable(), fault: SimPortFault, faultsLeft: z.int().nullable(), bytesIn: z.int(), bytesOut: z.int(), frames: z.int(), crcErrors: z.int(), answers: z.int() }),
  ),
  partList: z.array(SimPart),
}).meta({ id: 'SimBoardDetail' });
export type SimBoardDetail = z.infer<typeof SimBoardDetail>;

/** The simulator's own record of level changes, oldest first. `tNs` is the machine's monotonic time in nanoseconds. */
export const SimRecording = z
  .object({
    edges: z.array(z.object({ tNs: z.string(), name: z.string(), level: z.union([z.literal(0), z.literal(1)]), direction: z.enum(['in', 'out']), by: z.enum(['guest', 'agent', 'outside', 'release']), consumer: z.string().nullable() })),
    /** The machine's monotonic time when this was answered. */
    nowNs: z.string(),
    /** Pass as `after` to get what came since. */
    next: z.string(),
    /** Changes that are older than what is answered, or more than fit. */
    left: z.int(),
  })
  .meta({ id: 'SimRecording' });
export type SimRecording = z.infer<typeof SimRecording>;

/** What a person does to a simulated board. */
export const SimAct = z
  .discriminatedUnion('act', [
    /** Presses a button for so long, then lets it go. */
    z.strictObject({ act: z.literal('press'), part: z.string().min(1).max(64), ms: z.int().min(1).max(60_000).default(100) }),
    /** Puts a level on an input: by line name, or by a part's name. */
    z.strictObject({ act: z.literal('level'), line: z.string().min(1).max(64), level: z.union([z.literal(0), z.literal(1)]) }),
    /** Sets what a part measures. */
    z.strictObject({ act: z.literal('set-part'), part: z.string().min(1).max(64), values: z.record(z.string().max(64), z.number()) }),
    z.strictObject({ act: z.literal('unplug'), port: z.string().min(1).max(64) }),
    z.strictObject({ act: z.literal('plug'), port: z.string().min(1).max(64) }),
    /** Spoils what the part on a port answers, for the next `count` answers or until told otherwise. */
    z.strictObject({ act: z.literal('fault'), port: z.string().min(1).max(64), fault: SimPortFault, count: z.int().min(1).max(1_000_000).optional() }),
  ])
  .meta({ id: 'SimAct' });
export type SimAct = z.infer<typeof SimAct>;
