import { type Stats, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Fault } from '@pier/shared/core';

/** A serial device as the kernel knows it: its real path, and its number. */
export type SerialDevice = { readonly path: string; readonly rdev: number };

/**
 * The device behind a path or a stable link to one, found without opening it: to open a watchdog is to start it.
 * Faults: `port-unknown` for what is not there, and for what is no serial port.
 */
export function findDevice(path: string): SerialDevice {
  let real: string;
  let stat: Stats;
  try {
    real = realpathSync(path);
    stat = statSync(real);
  } catch (cause) {
    throw new Fault('port-unknown', `there is no serial port ${path}; is it plugged in? (${cause instanceof Error ? cause.message : String(cause)})`, {}, cause);
  }
  const not = stat.isCharacterDevice() ? notSerial(stat.rdev) : 'it is no character device';
  if (not !== undefined) throw new Fault('port-unknown', `${path}${real === path ? '' : ` (${real})`} is no serial port: ${not}`);
  return { path: real, rdev: stat.rdev };
}

/** Why a character device is no serial port; undefined when it is one. Numbers as in the kernel's Documentation/admin-guide/devices.txt. */
function notSerial(rdev: number): string | undefined {
  const { major, minor } = deviceNumber(rdev);
  if (major === 5) return 'it stands for the terminal of whoever opens it';
  if (major === 4 && minor < 64) return 'it is a console of the screen';
  if (major === 2) return 'it is the far side of a pseudo-terminal';
  // Pseudo-terminals, which have no entry below /sys.
  if (major >= 136 && major <= 143) return undefined;
  try {
    return basename(readlinkSync(`/sys/dev/char/${major}:${minor}/subsystem`)) === 'tty' ? undefined : 'it is no terminal device';
  } catch {
    // No entry: nothing that has a driver of terminals.
    return 'it is no terminal device';
  }
}

/** Splits a device number as Linux packs it into the 32 bits that stat gives. */
export function deviceNumber(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
