import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Clock, Fault } from '@pier/shared/core';
import { type Board, type BoardProfile, type SerialPort, type SerialRequest, reservedPorts } from '@pier/shared/hardware';
import { type SerialSite, openSerial } from '../serial.ts';
import type { MachineRoots } from './roots.ts';

type ProfilePort = BoardProfile['serial'][number];

const portsMax = 32;
const nameCharsMax = 64;

/** The serial ports of this machine: stable links before the devices that they lead to, and which of them is a console of the system. */
export function machinePorts(roots: MachineRoots): ProfilePort[] {
  const consoles = consolesOf(roots);
  const byId = namesIn(join(roots.dev, 'serial/by-id')).map((name) => ({ path: join(roots.dev, 'serial/by-id', name), name: shortName(name) }));
  const linked = new Set(byId.map(({ path }) => real(path)));
  const devices = namesIn(roots.dev)
    .filter((name) => /^tty(?:AMA|USB|ACM)\d+$/.test(name) || (/^ttyS\d+$/.test(name) && isBuilt(roots, name)))
    .map((name) => ({ path: join(roots.dev, name), name }))
    .filter(({ path }) => !linked.has(real(path)));
  return [...byId, ...devices].slice(0, portsMax).map((port) => (consoles.has(basename(real(port.path))) ? { ...port, reserved: 'console of the system' } : port));
}

/** Opens ports of this machine, for as long as its board is there; one that was plugged in since is as good. Faults: `port-reserved`, those of `openSerial`, and `gone`'s. */
export function machineSerial({ clock, profile, gone }: { readonly clock: Clock; readonly profile: BoardProfile; readonly gone: AbortSignal }): Board['openSerial'] {
  const site: SerialSite = { clock, holders: new Map() };
  return async (request, signal) => {
    if (gone.aborted) throw gone.reason;
    return await openMachinePort({ request, profile, site }, signal);
  };
}

async function openMachinePort({ request, profile, site }: { readonly request: SerialRequest; readonly profile: BoardProfile; readonly site: SerialSite }, signal: AbortSignal): Promise<SerialPort> {
  const device = real(request.path);
  const reserved = reservedPorts(profile).find((path) => real(path) === device);
  if (reserved !== undefined) throw new Fault('port-reserved', `${request.path} is used by the system: ${profile.serial.find(({ path }) => path === reserved)?.reserved ?? ''}`);
  return await openSerial(request, site, signal);
}

/** As given to the kernel at boot, and as it has chosen: names of devices, without settings (Documentation/admin-guide/serial-console). */
function consolesOf({ proc, sys, dev }: MachineRoots): ReadonlySet<string> {
  const asked = [...textOf(join(proc, 'cmdline')).matchAll(/(?:^|\s)console=([^\s,]+)/g)].map(([, name = '']) => name);
  const active = textOf(join(sys, 'class/tty/console/active')).split(/\s+/);
  return new Set([...asked, ...active].filter((name) => name !== '').map((name) => basename(real(join(dev, name)))));
}

/** A PC shows `ttyS` devices for ports that it does not have; their type is 0 (serial_core.h, PORT_UNKNOWN). */
function isBuilt({ sys }: MachineRoots, name: string): boolean {
  return !['', '0'].includes(textOf(join(sys, 'class/tty', name, 'type')).trim());
}

function shortName(name: string): string {
  return name.slice(0, nameCharsMax);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there now; its name is all there is.
    return path;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Says nothing.
    return '';
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  } catch {
    // No such folder: no ports in it.
    return [];
  }
}

/** Puts ttyUSB2 before ttyUSB10. Not by the system's collation, whose tables cost a board 8 MB. */
function sortKey(name: string): string {
  return name.replaceAll(/\d+/g, (digits) => digits.padStart(8, '0'));
}
