import * as z from 'zod';

export const ProfileLine = z.strictObject({
  line: z.int().min(0).max(1023),
  /** As the kernel's device tree names it, such as `GPIO17`. */
  name: z.string().min(1).max(64),
  /** Pin of the 40-pin header, where the line is led out. */
  headerPin: z.int().min(1).max(40).optional(),
  /** Why no app may have it (kernel consumer, EEPROM bus …); absent when it is free. */
  reserved: z.string().max(128).optional(),
});

/** A serial port as the board names it: a device file or a stable link to one. */
export const ProfilePort = z.strictObject({
  path: z.string().min(1).max(255),
  name: z.string().min(1).max(64),
  /** Why no app may have it (console, Bluetooth …); absent when it is free. */
  reserved: z.string().max(128).optional(),
});

/** A board as the agent finds it: chips by label, lines by offset; no chips where nothing offers pins. */
export const BoardProfile = z.strictObject({
  model: z.string().min(1).max(64),
  chips: z.array(z.strictObject({ label: z.string().min(1).max(32), lines: z.array(ProfileLine).max(1024) })).max(16),
  serial: z.array(ProfilePort).max(32).default([]),
  /** What a line does when the process that held it dies: it turns into an input, or keeps its level. */
  onRelease: z.enum(['input', 'keep']),
});
export type BoardProfile = z.infer<typeof BoardProfile>;

export function findLine(profile: BoardProfile, at: { chip: string; line: number }): z.infer<typeof ProfileLine> | undefined {
  return profile.chips.find((chip) => chip.label === at.chip)?.lines.find((line) => line.line === at.line);
}

export function findPort(profile: BoardProfile, path: string): z.infer<typeof ProfilePort> | undefined {
  return profile.serial.find((port) => port.path === path);
}

export function reservedLines(profile: BoardProfile): { chip: string; line: number }[] {
  return profile.chips.flatMap((chip) => chip.lines.filter((line) => line.reserved !== undefined).map((line) => ({ chip: chip.label, line: line.line })));
}

export function reservedPorts(profile: BoardProfile): string[] {
  return profile.serial.filter((port) => port.reserved !== undefined).map((port) => port.path);
}
