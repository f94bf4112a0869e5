import { openCellValue } from '@pier/shared/cell';
import { wasiModule } from '../gate/wasi-signatures.ts';
import type { GuestEnd } from '../runner.ts';
import { type ThreadData, type ThreadMessage, control } from '../thread.ts';
import { type Base, baseNames, loadBase } from './base.ts';
import { FolderDescriptor, OutputDescriptor, StdinStream } from './descriptor.ts';
import { Descriptors } from './descriptors.ts';
import { endOf } from './ending.ts';
import { appFunctions } from './host-app.ts';
import { Gpio, gpioFunctions } from './host-gpio.ts';
import { Pollables, pollFunctions } from './host-poll.ts';
import { Serial, serialFunctions } from './host-serial.ts';
import { Telemetry, telemetryFunctions } from './host-telemetry.ts';
import { CallRecord, type ImportModule, pierModules, wasiImports } from './imports.ts';
import { GuestMemory } from './memory.ts';
import { Output } from './output.ts';
import { Pace } from './pace.ts';
import { makePoll } from './poll.ts';
import { Volume } from './volume.ts';
import { basicFunctions } from './wasi-basic.ts';
import { fdFunctions } from './wasi-fd.ts';
import { pathFunctions } from './wasi-path.ts';

const pageBytes = 65_536;

type Send = (message: ThreadMessage) => void;

const monotonicNs = (): bigint => process.hrtime.bigint();
const realtimeNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const cpuNs = (): bigint => {
  const { user, system } = process.threadCpuUsage();
  return BigInt(user + system) * 1_000n;
};

/** Runs one guest from its first instruction to its end, and says how it ended. Everything that it can reach is made here. */
export async function runGuest(data: ThreadData, tid: number | undefined, send: Send): Promise<GuestEnd> {
  const words = new Int32Array(data.control);
  const memory = new GuestMemory((bytes) => Atomics.store(words, control.pages, bytes / pageBytes));
  const record = new CallRecord(words);
  record.onFirstCall = () => send({ kind: 'first-host-call', tNs: monotonicNs() });
  const output = new Output(data.maxOutputBytesPerS, monotonicNs, (stream, bytes, dropped) => send({ kind: 'output', stream, bytes, dropped }));
  const telemetry = new Telemetry({ memory, series: data.series, monotonicNs, send });
  const beforeSleep = (): number => {
    memory.look();
    output.rest();
    return telemetry.rest();
  };
  const descriptors = openDescriptors(data, output);
  const own = wasiImports(
    {
      ...basicFunctions({ memory, args: data.args, env: data.env, realtimeNs, monotonicNs, cpuNs }),
      ...fdFunctions({ memory, descriptors }),
      ...pathFunctions({ memory, descriptors }),
      poll_oneoff: makePoll({ memory, control: words, realtimeNs, monotonicNs, isOpen: (fd) => descriptors.has(fd), beforeSleep }),
    },
    record,
  );
  const pollables = new Pollables();
  const host = {
    pier_app: appFunctions({ memory, control: words, pollables, monotonicNs, send, lastError: () => record.lastError }),
    pier_gpio: gpioFunctions(new Gpio({ memory, lines: data.lines, pollables, openValue: (line) => openCellValue(line.cell, monotonicNs), monotonicNs, send })),
    pier_serial: serialFunctions(new Serial({ memory, ports: data.serial, pollables, monotonicNs, send })),
    pier_poll: pollFunctions({ memory, control: words, pollables, monotonicNs, beforeSleep }),
    pier_telemetry: telemetryFunctions(telemetry),
  };

  const base = data.base ? await loadBase(data.module, data, wasiModule) : undefined;
  try {
    const imports: Record<string, ImportModule> = Object.assign(Object.create(null), { [wasiModule]: base ? layered(base.imports, own) : own }, pierModules(host, record));
    // Said before the first instruction: a start section is the guest's code as well, and what it does must be watched and stopped.
    send({ kind: 'started', tid, base: base !== undefined });
    const instance = new WebAssembly.Instance(data.module, imports);
    memory.attach(instance.exports['memory'] as WebAssembly.Memory);
    return finish(enter(instance, base, record), descriptors);
  } catch (error) {
    return endOf(error, record);
  } finally {
    base?.free();
    output.end();
    telemetry.end();
    memory.look();
  }
}

function openDescriptors(data: ThreadData, output: Output): Descriptors {
  const descriptors = new Descriptors();
  descriptors.add(new StdinStream(data.stdin));
  descriptors.add(new OutputDescriptor(output, 'stdout'));
  descriptors.add(new OutputDescriptor(output, 'stderr'));
  const words = new Int32Array(data.control);
  // A word that nobody changes: only time, and the end of the thread, end the wait.
  const pause = (ms: number): void => void Atomics.wait(words, control.never, 0, ms);
  for (const { path, folder, maxBytes } of data.volumes) descriptors.add(new FolderDescriptor(new Volume(folder, maxBytes, new Pace(maxBytes, { nowNs: monotonicNs, pause })), [], path));
  return descriptors;
}

function layered(base: ImportModule, own: ImportModule): ImportModule {
  const kept = Object.fromEntries(baseNames.flatMap((name) => (base[name] ? [[name, base[name]] as const] : [])));
  return Object.assign(Object.create(null), own, kept);
}

function enter(instance: WebAssembly.Instance, base: Base | undefined, record: CallRecord): GuestEnd {
  try {
    if (base) base.run(instance);
    else (instance.exports['_start'] as () => void)();
    return { kind: 'exited', status: 0 };
  } catch (error) {
    return endOf(record.exit ?? error, record);
  }
}

/** The files of a guest that came to its end in good order are synced; those of one that trapped stay as they were last synced. */
function finish(end: GuestEnd, descriptors: Descriptors): GuestEnd {
  if (end.kind === 'exited') descriptors.syncAll();
  return end;
}
