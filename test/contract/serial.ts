/** What every serial port must do, whatever is behind it: run on the simulator's terminals, and on each kind of real ports. */
import { readFileSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Fault, systemClock } from '@pier/shared/core';
import type { Board, SerialPort, SerialSettings } from '@pier/shared/hardware';
import { describe, expect, test, vi } from 'vitest';

/** The far side of the plug. */
export interface FarSide {
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** The device behind the path at the moment. */
  device(): Promise<string | null>;
  /** Line speed that the near side has set. */
  baud(): Promise<number | null>;
  /** The other end takes no more bytes, as a stuck device with flow control. */
  stall(): void;
  /** Takes the whole board away without warning. */
  vanish(): Promise<void>;
}

export type PortUnderTest = AsyncDisposable & {
  readonly board: Board;
  /** A second board object beside the first, as another process has it. */
  another(): Promise<Board>;
  /** A port whose other end sends back what it hears. */
  readonly path: string;
  readonly far: FarSide;
};

const waiting = { timeout: 20_000, interval: 10 };
const never = new AbortController().signal;
const fast: SerialSettings = { baud: 115_200, dataBits: 8, parity: 'none', stopBits: 1 };
const fault = (code: string, said: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(said) });

/** An opened port that keeps what it heard. */
async function openPort(board: Board, path: string, { settings = fast, consumer = 'meter', signal = never } = {}) {
  const heard: { bytes: Buffer; gone: Fault[] } = { bytes: Buffer.alloc(0), gone: [] };
  const port = await board.openSerial({ path, settings, consumer, onData: (bytes) => (heard.bytes = Buffer.concat([heard.bytes, bytes])), onGone: (why) => heard.gone.push(why) }, signal);
  return { port, heard, [Symbol.asyncDispose]: () => port[Symbol.asyncDispose]() };
}

async function echoes({ port, heard }: { port: SerialPort; heard: { bytes: Buffer } }, text: string): Promise<void> {
  const before = heard.bytes.byteLength;
  await port.write(Buffer.from(text), never);
  await vi.waitFor(() => expect(heard.bytes.subarray(before).toString()).toBe(text), waiting);
}

export function serialContract(name: string, open: () => Promise<PortUnderTest>): void {
  describe(`serial contract: ${name}`, () => {
    describe('opening', () => {
      openingContract(open);
    });
    describe('talking', () => {
      talkingContract(open);
    });
    describe('a line that takes nothing', () => {
      stalledContract(open);
    });
    describe('pulling the plug', () => {
      unplugContract(open);
    });
  });
}

function openingContract(open: () => Promise<PortUnderTest>): void {
  test('a port that the board does not have is refused by name', async () => {
    await using under = await open();
    await expect(openPort(under.board, `${under.path}-none`)).rejects.toThrow(fault('port-unknown', /-none/));
    await expect(openPort(under.board, '/dev/null')).rejects.toThrow(fault('port-unknown', /\/dev\/null/));
  });

  test('a port has one holder; who comes second reads the name of the first, and changes nothing', async () => {
    await using under = await open();
    await using other = await under.another();
    {
      await using first = await openPort(under.board, under.path);
      const slow: SerialSettings = { ...fast, baud: 1_200 };
      await expect(openPort(under.board, under.path, { settings: slow, consumer: 'thief' })).rejects.toThrow(fault('port-busy', /"meter"/));
      await expect(openPort(other, under.path, { settings: slow, consumer: 'thief' })).rejects.toThrow(fault('port-busy', /held/));
      expect(await under.far.baud()).toBe(115_200);
      await echoes(first, 'still mine');
    }
    await using next = await openPort(other, under.path, { consumer: 'next' });
    await echoes(next, 'mine now');
  });

  test('an opening that is called off leaves the port free', async () => {
    await using under = await open();
    const calledOff = new AbortController();
    const opening = openPort(under.board, under.path, { signal: calledOff.signal });
    calledOff.abort(new Error('called off'));
    await expect(opening).rejects.toThrow('called off');
    await expect(openPort(under.board, under.path, { signal: calledOff.signal })).rejects.toThrow('called off');
    await using again = await openPort(under.board, under.path);
    await echoes(again, 'free');
  });

  test('a speed that no line has is a fault, and leaves the port free', async () => {
    await using under = await open();
    await expect(openPort(under.board, under.path, { settings: { ...fast, baud: 0 } })).rejects.toMatchObject({ code: 'hardware-fault' });
    await using again = await openPort(under.board, under.path);
    await echoes(again, 'free');
  });
}

function talkingContract(open: () => Promise<PortUnderTest>): void {
  test('ten thousand bytes come back whole and in order, however they are cut', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    const sent = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
    const writes: Promise<void>[] = [];
    for (let from = 0, size = 1; from < sent.byteLength; from += size, size = (size * 3) % 511) writes.push(opened.port.write(sent.subarray(from, from + size), never));
    await Promise.all(writes);
    await vi.waitFor(() => expect(opened.heard.bytes.byteLength).toBe(sent.byteLength), waiting);
    expect(opened.heard.bytes.equals(sent)).toBe(true);
  });

  test('thousands of writes leave nothing behind in memory', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    const writeMany = async (): Promise<number> => {
      for (let count = 0; count < 20_000; count += 1) await opened.port.write(Buffer.of(count & 0xff), never);
      opened.heard.bytes = Buffer.alloc(0);
      return heapBytes();
    };
    const before = await writeMany();
    // A hundred bytes kept of each write would be 2 MB.
    expect((await writeMany()) - before).toBeLessThan(2_000_000);
  });

  test('memory that is used again after a write does not change what is sent', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    const bytes = Buffer.from('kept');
    const written = opened.port.write(bytes, never);
    bytes.fill(0);
    await written;
    await vi.waitFor(() => expect(opened.heard.bytes.toString()).toBe('kept'), waiting);
  });

  test('the far side sees the speed that was set, also one that no table lists, and when it changes', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path, { settings: { ...fast, baud: 57_600 } });
    expect(await under.far.baud()).toBe(57_600);
    await opened.port.configure({ ...fast, baud: 250_000 }, never);
    expect(await under.far.baud()).toBe(250_000);
    await echoes(opened, 'odd speed');
  });

  test('parity, data and stop bits change on an open port, which goes on working and stays exclusive', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    await opened.port.configure({ baud: 38_400, dataBits: 8, parity: 'even', stopBits: 2 }, never);
    expect(await under.far.baud()).toBe(38_400);
    await echoes(opened, 'after the change');
    await expect(openPort(under.board, under.path)).rejects.toThrow(fault('port-busy', /"meter"/));
    expect(opened.heard.gone).toEqual([]);
  });

  test('a port that was closed is closed: nobody is told, and nothing works any more', async () => {
    await using under = await open();
    const { port, heard } = await openPort(under.board, under.path);
    await port[Symbol.asyncDispose]();
    await port[Symbol.asyncDispose]();
    await expect(port.write(Buffer.from('x'), never)).rejects.toMatchObject({ code: 'port-gone' });
    await expect(port.flush(never)).rejects.toMatchObject({ code: 'port-gone' });
    await expect(port.configure(fast, never)).rejects.toMatchObject({ code: 'port-gone' });
    expect(heard.gone).toEqual([]);
  });
}

function stalledContract(open: () => Promise<PortUnderTest>): void {
  const much = Buffer.alloc(256 << 10, 1);

  test('a write that is called off ends at once, and the next one waits its turn', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    under.far.stall();
    const calledOff = new AbortController();
    const first = opened.port.write(much, calledOff.signal);
    const second = opened.port.write(Buffer.from('x'), calledOff.signal);
    const ended = Promise.allSettled([first, second]);
    await systemClock.sleep(50);
    calledOff.abort(new Error('called off'));
    expect(await ended).toEqual([{ status: 'rejected', reason: calledOff.signal.reason }, { status: 'rejected', reason: calledOff.signal.reason }]);
  });

  test('a flush drops what waits, and says so to who waits', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    under.far.stall();
    const ended = Promise.allSettled([opened.port.write(much, never), opened.port.write(much, never)]);
    await opened.port.flush(never);
    expect(await ended).toEqual([{ status: 'rejected', reason: fault('interrupted', /flushed/) }, { status: 'rejected', reason: fault('interrupted', /flushed/) }]);
  });

  test('what waits to be sent is bounded', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    under.far.stall();
    const ended = Promise.allSettled(Array.from({ length: 8 }, () => opened.port.write(much, never)));
    await opened.port[Symbol.asyncDispose]();
    const codes = (await ended).map((one) => (one.status === 'rejected' && one.reason instanceof Fault ? one.reason.code : one.status));
    expect(codes).toEqual([...Array.from({ length: 4 }, () => 'port-gone'), ...Array.from({ length: 4 }, () => 'too-many-requests')]);
  });

  test('a board that vanishes while a write waits ends the write and the port', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    under.far.stall();
    const ended = Promise.allSettled([opened.port.write(much, never)]);
    await systemClock.sleep(50);
    await under.far.vanish();
    expect(await ended).toEqual([{ status: 'rejected', reason: fault('port-gone', /gone/) }]);
    await vi.waitFor(() => expect(opened.heard.gone).toEqual([fault('port-gone', new RegExp(under.path))]), waiting);
  });
}

function unplugContract(open: () => Promise<PortUnderTest>): void {
  test('who has the port open hears of it once, and nothing works any more', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    await echoes(opened, 'there');
    await under.far.unplug();
    await vi.waitFor(() => expect(opened.heard.gone).toHaveLength(1), waiting);
    expect(opened.heard.gone).toEqual([fault('port-gone', new RegExp(under.path))]);
    await expect(opened.port.write(Buffer.from('x'), never)).rejects.toMatchObject({ code: 'port-gone' });
    await expect(openPort(under.board, under.path)).rejects.toThrow(fault('port-unknown', /plugged in/));
    await opened.port[Symbol.asyncDispose]();
    expect(opened.heard.gone).toHaveLength(1);
  });

  test('a plug that is pulled while the port opens is an unknown port, or one that is gone', async () => {
    await using under = await open();
    for (let round = 0; round < 5; round += 1) {
      const opening = openPort(under.board, under.path).then(
        (opened) => vi.waitFor(() => expect(opened.heard.gone).toHaveLength(1), waiting),
        (thrown: unknown) => expect(thrown).toMatchObject({ code: expect.stringMatching(/^(?:port-unknown|port-gone|hardware-fault)$/) }),
      );
      await under.far.unplug();
      await opening;
      await under.far.plug();
    }
    await using again = await openPort(under.board, under.path);
    await echoes(again, 'there again');
  });

  test('the same path leads to another device when it is plugged in again', async () => {
    await using under = await open();
    const before = await under.far.device();
    const first = await openPort(under.board, under.path);
    await under.far.unplug();
    expect(await under.far.device()).toBeNull();
    await vi.waitFor(() => expect(first.heard.gone).toHaveLength(1), waiting);
    await under.far.plug();
    expect(await under.far.device()).not.toBe(before);
    await using again = await openPort(under.board, under.path);
    await echoes(again, 'another one');
    await expect(first.port.write(Buffer.from('x'), never)).rejects.toMatchObject({ code: 'port-gone' });
  });

  test('twenty plugs in and out leave no descriptor, and no reading of what is gone', async () => {
    await using under = await open();
    const cycle = async (): Promise<void> => {
      await using opened = await openPort(under.board, under.path);
      await echoes(opened, 'hello');
      await under.far.unplug();
      await vi.waitFor(() => expect(opened.heard.gone).toHaveLength(1), waiting);
      await under.far.plug();
    };
    await cycle();
    const before = openFiles();
    for (let round = 0; round < 20; round += 1) await cycle();
    await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(before), waiting);
    const reads = readCalls();
    await systemClock.sleep(300);
    // Whoever reads a dead line over and over makes tens of thousands of calls in this time.
    expect(readCalls() - reads).toBeLessThan(1_000);
  });

  test('a board that vanishes takes its ports along', async () => {
    await using under = await open();
    await using opened = await openPort(under.board, under.path);
    await under.far.vanish();
    await vi.waitFor(() => expect(opened.heard.gone).toHaveLength(1), waiting);
    await vi.waitFor(() => expect(under.board.gone.aborted).toBe(true), waiting);
    await expect(openPort(under.board, under.path)).rejects.toMatchObject({ code: 'board-gone' });
  });
}

/** Memory in use after what nobody holds was collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Read calls of this process since its start (proc_pid_io(5)). */
export function readCalls(): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}
