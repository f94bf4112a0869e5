import * as z from 'zod';
import { AppName, DeviceId, Fault, parseJson } from '@pier/shared/core';
import { CommandState, Event, type Identity, LogBatch, Pins, Presence, Reported, TelemetryBatch, topics } from '@pier/shared/wire';
import { withoutNul } from '../rules.ts';

export type Uplink = { readonly topic: string; readonly payload: Uint8Array; readonly from: Identity };

/** Every kind of message that devices send, with its schema. */
const Said = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('presence'), value: Presence }),
  z.object({ kind: z.literal('reported'), value: Reported }),
  z.object({ kind: z.literal('event'), value: Event }),
  z.object({ kind: z.literal('commandState'), value: CommandState }),
  z.object({ kind: z.literal('pins'), value: Pins }),
  z.object({ kind: z.literal('log'), app: AppName, value: LogBatch }),
  z.object({ kind: z.literal('telemetry'), app: AppName, value: TelemetryBatch }),
]);
type Said = z.infer<typeof Said>;
type Kind = Said['kind'];

/** One message, read: who said it, when it came, and what it says. */
export type Heard = { readonly device: DeviceId; readonly atMs: number } & Said;

const kinds = ['presence', 'reported', 'event', 'commandState', 'pins', 'log', 'telemetry'] as const satisfies readonly Kind[];

/** What people and managers tell devices passes the same broker; it is not for us. */
export function isDownlink({ topic, from }: Uplink): boolean {
  return from.kind !== 'device' && (/^pier\/v1\/d\/[^/]+\/down\//.test(topic) || topics.manager.parse(topic) !== undefined);
}

/** Reads a message; undefined when it speaks for somebody else than its sender. Faults: `input-invalid`, `json-invalid`. */
export function readUplink({ topic, payload, from }: Uplink, atMs: number): Heard | undefined {
  const found = placeOf(topic);
  if (!found) throw new Fault('input-invalid', 'no message of this protocol version has this topic');
  const device = DeviceId.safeParse(found.device);
  if (!device.success || from.kind !== 'device' || from.device !== device.data) return undefined;
  const said = Said.safeParse({ kind: found.kind, app: found.app, value: withoutNul(parseJson(payload, { what: 'message' })) });
  if (!said.success) throw new Fault('input-invalid', said.error.issues.map((issue) => `${issue.path.filter((part) => part !== 'value').join('.')}: ${issue.message}`).join('; '));
  return { device: device.data, atMs, ...said.data };
}

function placeOf(topic: string): { readonly kind: Kind; readonly device: string; readonly app?: string } | undefined {
  for (const kind of kinds) {
    const values: { readonly device: string; readonly app?: string } | undefined = topics[kind].parse(topic);
    if (values) return { kind, ...values };
  }
  return undefined;
}
