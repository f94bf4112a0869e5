import * as z from 'zod';

const Name = z.string().min(1).max(64);
/** Becomes a file name of the board's folder. */
const Port = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'a port name of letters, digits, "_", "." and "-"');

const LedPart = z.strictObject({ part: z.literal('led'), name: Name, line: z.string() });
const ButtonPart = z.strictObject({ part: z.literal('button'), name: Name, line: z.string(), pressed: z.enum(['high', 'low']).default('low') });

/** An energy meter with the registers of an Eastron SDM120 behind Modbus RTU. The current follows from power and voltage unless it is given. */
export const ModbusMeterPart = z.strictObject({
  part: z.literal('modbus-meter'),
  name: Name,
  port: Port,
  unit: z.int().min(1).max(247).default(1),
  baud: z.union([z.literal(1_200), z.literal(2_400), z.literal(4_800), z.literal(9_600), z.literal(19_200), z.literal(38_400)]).default(9_600),
  voltageV: z.number().min(0).max(1_000).default(230),
  currentA: z.number().min(0).max(10_000).optional(),
  powerW: z.number().min(-1_000_000).max(1_000_000).default(0),
  frequencyHz: z.number().min(0).max(1_000).default(50),
  energyKwh: z.number().min(0).max(1_000_000_000).default(0),
});
export type ModbusMeterPart = z.infer<typeof ModbusMeterPart>;

/** A plug that sends back what it hears, at the speed of whoever talks. */
export const SerialEchoPart = z.strictObject({ part: z.literal('serial-echo'), name: Name, port: Port });

/** The file that describes a simulated board: `pier sim board FILE`. */
export const BoardFile = z.strictObject({
  model: z.enum(['raspberry-pi-3b', 'raspberry-pi-4b', 'raspberry-pi-5', 'raspberry-pi-zero-2-w']),
  /** What the pin controller does with the lines of a holder that is gone. */
  onRelease: z.enum(['input', 'keep']).default('input'),
  parts: z.array(z.discriminatedUnion('part', [LedPart, ButtonPart, ModbusMeterPart, SerialEchoPart])).max(64).default([]),
});
export type BoardFile = z.infer<typeof BoardFile>;
