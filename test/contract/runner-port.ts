/** Serial ports of the runner's contract: the interface over memory, which a test can stop, break and take away. */
import { Asks, type Grant } from '@pier/shared/capability';
import { Fault, Label, invariant, silentLog, systemClock } from '@pier/shared/core';
import type { SerialPort, SerialSettings } from '@pier/shared/hardware';
import { type SerialLink, createSerialLink } from '../../agent/src/run/sandbox/index.ts';
import { never, nothing } from './runner-bench.ts';

export type TestPort = SerialPort & {
  readonly sent: Buffer;
  readonly settings: readonly SerialSettings[];
  readonly flushes: number;
  /** What happened, in order: settings by their baud, writes by their text. */
  readonly story: readonly string[];
  /** From now on nothing leaves until `go`. */
  hold(): void;
  go(): void;
  /** From now on everything fails, until called without a fault. */
  fail(fault?: Fault): void;
};

/** `onSent` is the device at the other end of the cable. */
export function makePort(onSent: (bytes: Uint8Array) => void = () => {}): TestPort {
  const settings: SerialSettings[] = [];
  const story: string[] = [];
  let sent = Buffer.alloc(0);
  let flushes = 0;
  let fault: Fault | undefined;
  let held = Promise.withResolvers<void>();
  held.resolve();
  let flushed = new AbortController();
  const pass = async (calledOff: AbortSignal): Promise<void> => {
    const signal = AbortSignal.any([calledOff, flushed.signal]);
    const over = Promise.withResolvers<never>();
    const abort = (): void => over.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    await Promise.race([held.promise, over.promise]).finally(() => signal.removeEventListener('abort', abort));
    if (fault) throw fault;
  };
  return {
    path: '/dev/ttyTEST',
    settings,
    story,
    get sent() {
      return sent;
    },
    get flushes() {
      return flushes;
    },
    hold: () => {
      held = Promise.withResolvers();
    },
    go: () => held.resolve(),
    fail: (next) => {
      fault = next;
    },
    configure: async (wanted, signal) => {
      await pass(signal);
      settings.push(wanted);
      story.push(`${wanted.baud}`);
    },
    write: async (bytes, signal) => {
      await pass(signal);
      sent = Buffer.concat([sent, bytes]);
      story.push(Buffer.from(bytes).toString());
      onSent(bytes);
    },
    flush: async (signal) => {
      signal.throwIfAborted();
      flushes += 1;
      flushed.abort(new Fault('interrupted', 'flushed'));
      flushed = new AbortController();
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

export type SerialBench = { readonly grant: Grant; readonly serial: Map<Label, SerialLink>; readonly link: SerialLink; attach(port: SerialPort): Promise<void> } & Disposable;

/** One granted port, "meter", without a cable. */
export function makeSerial(ask: object = {}): SerialBench {
  const asks = Asks.parse({ serial: [{ label: 'meter', baud: [9_600, 2_400], parity: ['none', 'even'], maxBytesPerS: 1 << 20, ...ask }] });
  const grants = asks.serial.map((one) => ({ ask: one, path: '/dev/ttyTEST' }));
  const [grant] = grants;
  invariant(grant, 'one port is asked for');
  const link = createSerialLink(grant, { clock: systemClock, log: silentLog });
  return {
    grant: { ...nothing, serial: grants },
    serial: new Map([[Label.parse('meter'), link]]),
    link,
    attach: (port) => link.attach(port, never),
    [Symbol.dispose]: () => link[Symbol.dispose](),
  };
}
