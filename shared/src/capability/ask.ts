import * as z from 'zod';
import { Label } from '../core/index.ts';

/** What an app wants of a GPIO line. Every output declares the level that it must take whenever no guest holds it. */
const GpioAskBase = {
  label: Label,
  active: z.enum(['high', 'low']).default('high'),
  optional: z.boolean().default(false),
};

export const GpioOutAsk = z.strictObject({
  ...GpioAskBase,
  mode: z.literal('out'),
  safe: z.enum(['active', 'inactive']),
  initial: z.enum(['active', 'inactive']).default('inactive'),
  maxWritesPerS: z.int().min(1).max(100_000).default(1_000),
});
export const GpioInAsk = z.strictObject({
  ...GpioAskBase,
  mode: z.literal('in'),
  pull: z.enum(['up', 'down', 'none']).default('none'),
  edges: z.enum(['rising', 'falling', 'both', 'none']).default('none'),
  debounceUs: z.int().min(0).max(1_000_000).default(0),
  maxEventsPerS: z.int().min(1).max(10_000).default(200),
});
export const GpioAsk = z.discriminatedUnion('mode', [GpioOutAsk, GpioInAsk]);
export type GpioAsk = z.infer<typeof GpioAsk>;

/** A private folder that survives restarts and updates of the app, under a quota. */
export const StorageAsk = z.strictObject({
  label: Label,
  path: z.string().regex(/^\/[a-z0-9][a-z0-9_-]{0,31}$/, 'one folder below "/", such as "/data"'),
  maxBytes: z.int().min(1).max(1 << 30),
  optional: z.boolean().default(false),
});
export type StorageAsk = z.infer<typeof StorageAsk>;

/** A serial port, with every setting that the app may choose; the first of each list is the one it opens with. */
export const SerialAsk = z.strictObject({
  label: Label,
  baud: z.array(z.int().min(50).max(4_000_000)).min(1).max(8),
  dataBits: z.array(z.union([z.literal(7), z.literal(8)])).min(1).max(2).default([8]),
  parity: z.array(z.enum(['none', 'even', 'odd'])).min(1).max(3).default(['none']),
  stopBits: z.array(z.union([z.literal(1), z.literal(2)])).min(1).max(2).default([1]),
  maxBytesPerS: z.int().min(1).max(1 << 20).default(11_520),
  optional: z.boolean().default(false),
});
export type SerialAsk = z.infer<typeof SerialAsk>;

/** A series of numbers that the app tells the fleet's owner. It needs no binding: nothing of the device is reached by it. */
export const TelemetryAsk = z.strictObject({
  label: Label,
  unit: z.string().max(16).default(''),
  maxPerS: z.number().min(0.001).max(100).default(1),
  optional: z.boolean().default(false),
});
export type TelemetryAsk = z.infer<typeof TelemetryAsk>;

/** All that an app asks for; the signed annotation `dev.pier.asks` holds it as canonical JSON. */
export const Asks = z
  .strictObject({
    gpio: z.array(GpioAsk).max(64).default([]),
    serial: z.array(SerialAsk).max(8).default([]),
    storage: z.array(StorageAsk).max(4).default([]),
    telemetry: z.array(TelemetryAsk).max(32).default([]),
  })
  .refine((asks) => new Set(labelsOf(asks)).size === labelsOf(asks).length, 'each label may be asked for once');
export type Asks = z.infer<typeof Asks>;

function labelsOf(asks: { readonly [kind: string]: readonly { label: string }[] }): string[] {
  return Object.values(asks).flatMap((list) => list.map((ask) => ask.label));
}

/** How the agent learns that a guest is well; undeclared means: no trap and no restart for the soak. */
export const Health = z.strictObject({
  ready: z.enum(['start', 'call']).default('start'),
  withinS: z.int().min(1).max(600).default(30),
  beatS: z.int().min(1).max(3_600).optional(),
});
export type Health = z.infer<typeof Health>;

/** The ceilings an app declares for itself; the signed annotation `dev.pier.limits` holds it as canonical JSON. */
export const Limits = z.strictObject({
  memoryMb: z.int().min(1).max(512).default(32),
  /** A guest that neither calls the host nor sleeps for so long is taken for stuck, and ended. */
  watchdogS: z.int().min(1).max(3_600).default(60),
  maxOutputBytesPerS: z.int().min(256).max(1 << 20).default(64 << 10),
  health: Health.optional(),
});
export type Limits = z.infer<typeof Limits>;
