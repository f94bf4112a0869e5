import { closeSync, constants as flags, lstatSync, openSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Verdict, accept, refuse } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';
import type { MachineRoots } from '../machine/index.ts';
import { type LineInfo, decodeChip, decodeInfo, encodeInfo } from './codec.ts';
import type { Kernel } from './kernel.ts';
import { requests, structs } from './layout.ts';

/** An open chip: found by its label, whatever number its device has today. */
export type Chip = Disposable & { readonly path: string; readonly fd: number; readonly label: string; readonly lines: readonly LineInfo[] };

const chipsMax = 16;
const linesMax = 1_024;

/** Opens every chip that answers uAPI v2; or says of each device why it is no good. */
export function openChips(kernel: Kernel, paths: readonly string[], { sys }: Pick<MachineRoots, 'sys'>): Verdict<readonly Chip[]> {
  const chips: Chip[] = [];
  const why: string[] = [];
  for (const path of paths.slice(0, chipsMax)) {
    const opened = openChip(kernel, path);
    if (opened.ok) chips.push(opened.value);
    else why.push(opened.refusal.reason);
  }
  return chips.length === 0 ? refuse('board-none', why.join('; ')) : accept(withUniqueLabels(chips, sys));
}

/** The chips' devices by number; without the links that some systems keep for old names of a chip. */
export function chipDevices(dev: string): string[] {
  let names: string[];
  try {
    names = readdirSync(dev);
  } catch {
    // No such folder: no devices.
    return [];
  }
  return names
    .flatMap((name) => (/^gpiochip\d+$/.test(name) ? [{ path: join(dev, name), number: Number(name.slice('gpiochip'.length)) }] : []))
    .filter(({ path }) => !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    .toSorted((a, b) => a.number - b.number)
    .map(({ path }) => path);
}

function openChip(kernel: Kernel, path: string): Verdict<Chip> {
  let fd: number;
  try {
    fd = openSync(path, flags.O_RDWR);
  } catch (cause) {
    if (isErrno(cause, 'EACCES') || isErrno(cause, 'EPERM')) return refuse('board-none', `${path} may not be opened by this user; such devices belong to the group "gpio" or to root`);
    return refuse('board-none', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const read = readChip(kernel, { fd, path });
  if (!read.ok) closeSync(fd);
  return read;
}

function readChip({ ioctl, nameOf }: Kernel, { fd, path }: { readonly fd: number; readonly path: string }): Verdict<Chip> {
  const bytes = new Uint8Array(structs.gpiochip_info.bytes);
  const errno = ioctl(fd, requests.GPIO_GET_CHIPINFO_IOCTL, bytes);
  if (errno !== 0) return refuse('board-none', `${path} is no GPIO chip (${nameOf(errno)})`);
  const { name, label, lines: count } = decodeChip(bytes);
  const lines: LineInfo[] = [];
  for (let offset = 0; offset < Math.min(count, linesMax); offset += 1) {
    const info = encodeInfo(offset);
    const failed = ioctl(fd, requests.GPIO_V2_GET_LINEINFO_IOCTL, info);
    if (failed !== 0) return refuse('board-none', `${path} (${label}) does not answer uAPI v2, which Linux has since 5.10 (${nameOf(failed)})`);
    lines.push(decodeInfo(info));
  }
  return accept({ path, fd, label: label === '' ? name : label, lines, [Symbol.dispose]: () => closeSync(fd) });
}

/** Two chips of one kind have one label: then each is named with the device that it is on, such as `mcp23017@1-0020`. */
function withUniqueLabels(chips: readonly Chip[], sys: string): readonly Chip[] {
  const count = (label: string): number => chips.filter((chip) => chip.label === label).length;
  return chips.map((chip) => (count(chip.label) === 1 ? chip : { ...chip, label: `${chip.label}@${parentOf(chip.path, sys)}`.slice(0, 32) }));
}

function parentOf(path: string, sys: string): string {
  try {
    return basename(dirname(realpathSync(join(sys, 'bus/gpio/devices', basename(path)))));
  } catch {
    // Without sysfs its number is all that tells it apart.
    return basename(path);
  }
}
