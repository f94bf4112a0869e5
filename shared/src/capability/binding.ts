import * as z from 'zod';
import { Label } from '../core/index.ts';

/** A real line, found by chip label and line offset, never by a global number. */
export const LineRef = z.strictObject({ chip: z.string().min(1).max(32), line: z.int().min(0).max(1023) });
export type LineRef = z.infer<typeof LineRef>;

/** The operator's consent: this label of this app may use this real line, in these modes. `safe` overrides the app's safe level. */
export const GpioBinding = z.strictObject({
  kind: z.literal('gpio'),
  ...LineRef.shape,
  modes: z.array(z.enum(['in', 'out'])).min(1).default(['in', 'out']),
  safe: z.enum(['low', 'high', 'input', 'keep']).optional(),
});
export const StorageBinding = z.strictObject({ kind: z.literal('storage'), maxBytes: z.int().min(1).max(1 << 30) });

/** This label of this app may use the serial port at this path: a device file, or a stable link to one. */
export const SerialBinding = z.strictObject({ kind: z.literal('serial'), path: z.string().regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.:+@-]+)+$/, 'an absolute path without "." and ".."').max(255) });

export const Binding = z.discriminatedUnion('kind', [GpioBinding, SerialBinding, StorageBinding]);
export type Binding = z.infer<typeof Binding>;

/** One app's bindings on one device, by label. */
export const Bindings = z.record(Label, Binding);
export type Bindings = z.infer<typeof Bindings>;
