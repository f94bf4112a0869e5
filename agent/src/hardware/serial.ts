import { fstatSync } from 'node:fs';
import { type Clock, Fault } from '@pier/shared/core';
import type { SerialPort, SerialRequest, SerialSettings } from '@pier/shared/hardware';
import { type SerialDevice, findDevice } from './serial-device.ts';
import { type Binding, LivePort } from './serial-port.ts';

/** What all ports of one board share: its clock, and who holds which device. */
export type SerialSite = { readonly clock: Clock; readonly holders: Map<string, string> };

/**
 * Opens a serial device exclusively, and reads it from the first moment. The library is loaded with the first port, so
 * that a device without serial apps does not carry it.
 * Faults: `port-unknown` for what is not there or no serial port, `port-busy` naming the holder where it is one of
 * `holders`, `hardware-fault` when the driver refuses the settings.
 */
export async function openSerial(request: SerialRequest, { clock, holders }: SerialSite, signal: AbortSignal): Promise<SerialPort> {
  const { path, consumer } = request;
  signal.throwIfAborted();
  const device = findDevice(path);
  const holder = holders.get(device.path);
  // Asked before the driver, whose open changes a port's settings before it finds the port locked.
  if (holder !== undefined) throw new Fault('port-busy', `${path} is held by "${holder}"`);
  holders.set(device.path, consumer);
  const release = (): void => void holders.delete(device.path);
  try {
    const open = (settings: SerialSettings): Promise<Binding> => openBinding({ path, device, settings });
    const port = new LivePort({ request, binding: await open(request.settings), open, clock, release });
    if (signal.aborted) await port[Symbol.asyncDispose]();
    signal.throwIfAborted();
    port.listen();
    return port;
  } catch (thrown) {
    release();
    throw thrown;
  }
}

async function openBinding({ path, device, settings: { baud, dataBits, parity, stopBits } }: { path: string; device: SerialDevice; settings: SerialSettings }): Promise<Binding> {
  // A re-opening must find the device that was meant, not what took its place since.
  if (findDevice(path).path !== device.path) throw new Fault('port-unknown', `${path} leads to another device than before`);
  const { SerialPort: library } = await import('serialport');
  let binding;
  try {
    binding = await library.binding.open({ path: device.path, baudRate: baud, dataBits, parity, stopBits, lock: true });
  } catch (cause) {
    throw openFault(path, cause);
  }
  if (!('poller' in binding) || binding.fd === null || fstatSync(binding.fd).rdev !== device.rdev) {
    await binding.close();
    throw new Fault('port-unknown', `${path} changed while it was opened`);
  }
  return binding;
}

/** The library gives no errno, only the system's words for it. */
function openFault(path: string, cause: unknown): Fault {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (/cannot lock|resource busy|temporarily unavailable/i.test(said)) return new Fault('port-busy', `${path} is held by another program`, {}, cause);
  if (/no such (?:file|device)/i.test(said)) return new Fault('port-unknown', `there is no serial port ${path}: ${said}`, {}, cause);
  const hint = /permission denied/i.test(said) ? '; serial devices belong to the group "dialout"' : '';
  return new Fault('hardware-fault', `${path} cannot be opened: ${said}${hint}`, {}, cause);
}
