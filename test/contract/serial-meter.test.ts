/** The simulated energy meter, judged by Modbus clients that others wrote. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import modbusSerial from 'modbus-serial';
import { describe, expect, test, vi } from 'vitest';
import { debianTool } from '../support/debian.ts';
import { type SimBench, startSim } from './sim-bench.ts';

/** The class as its types name it; at run time the module itself is the class. */
const ModbusClient = modbusSerial.default;
const meter = { part: 'modbus-meter', name: 'meter', port: 'meter0', unit: 7, voltageV: 231.5, powerW: 1_157.5, frequencyHz: 49.98, energyKwh: 1_234.5 };
const registers = { voltage: 0x0000, current: 0x0006, power: 0x000c, apparent: 0x0012, frequency: 0x0046, energy: 0x0156 } as const;
const waiting = { timeout: 20_000, interval: 10 };

type MeterBench = SimBench & {
  readonly path: string;
  /** A client at a speed, by the library `modbus-serial`. */
  connect(options?: { baud?: number; unit?: number; timeoutMs?: number }): Promise<{ readonly modbus: InstanceType<typeof ModbusClient>; float(address: number): Promise<number> } & AsyncDisposable>;
};

async function makeBench(): Promise<MeterBench> {
  const bench = await startSim({ model: 'raspberry-pi-zero-2-w', parts: [meter] });
  const path = join(bench.dir, 'serial', 'meter0');
  const connect: MeterBench['connect'] = async ({ baud = 9_600, unit = 7, timeoutMs = 10_000 } = {}) => {
    const modbus = new ModbusClient();
    // A write that an unplugged port refuses is told to the reader too, or runs out of time.
    modbus.on('error', () => {});
    await modbus.connectRTUBuffered(path, { baudRate: baud });
    modbus.setID(unit);
    modbus.setTimeout(timeoutMs);
    const close = async (): Promise<void> => {
      // A port that hung up is closed already, and then nothing calls back.
      if (modbus.isOpen) await new Promise<void>((resolve) => modbus.close(() => resolve()));
    };
    return { modbus, float: async (address) => (await modbus.readInputRegisters(address, 2)).buffer.readFloatBE(0), [Symbol.asyncDispose]: close };
  };
  return { ...bench, path, connect };
}

describe('modbus-serial', () => {
  test('reads what the meter measures', async () => {
    await using bench = await makeBench();
    await using client = await bench.connect();
    expect(await client.float(registers.voltage)).toBeCloseTo(231.5, 3);
    expect(await client.float(registers.current)).toBeCloseTo(5, 3);
    expect(await client.float(registers.power)).toBeCloseTo(1_157.5, 2);
    expect(await client.float(registers.apparent)).toBeCloseTo(1_157.5, 2);
    expect(await client.float(registers.frequency)).toBeCloseTo(49.98, 3);
    expect(await client.float(registers.energy)).toBeCloseTo(1_234.5, 1);
    const block = await client.modbus.readInputRegisters(registers.voltage, 14);
    expect([block.buffer.readFloatBE(0), block.buffer.readFloatBE(4), block.buffer.readFloatBE(24)]).toEqual([231.5, 0, 1_157.5]);
    const settings = await client.modbus.readHoldingRegisters(0x0014, 2);
    expect(settings.buffer.readFloatBE(0)).toBe(7);
    expect(await bench.port('meter0')).toMatchObject({ frames: 8, answers: 8, crcErrors: 0, baud: 9_600, bytesLost: 0 });
  });

  test('sees new values at once, and the energy grow with the power', async () => {
    await using bench = await makeBench();
    await using client = await bench.connect();
    await bench.client.request({ op: 'part', name: 'meter', values: { powerW: 900_000, voltageV: 229 } }, bench.client.gone);
    expect(await client.float(registers.voltage)).toBe(229);
    const before = await client.float(registers.energy);
    // A quarter of a kilowatt-hour each second, so that a float of seven digits shows it.
    await vi.waitFor(async () => expect(await client.float(registers.energy)).toBeGreaterThan(before), waiting);
    await expect(bench.client.request({ op: 'part', name: 'meter', values: { colour: 1 } }, bench.client.gone)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('colour') });
    await expect(bench.client.request({ op: 'part', name: 'nobody', values: { powerW: 1 } }, bench.client.gone)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('gets the exceptions of the standard for what the meter does not have', async () => {
    await using bench = await makeBench();
    await using client = await bench.connect();
    await expect(client.float(0x1000)).rejects.toMatchObject({ modbusCode: 2 });
    await expect(client.float(0x0157)).rejects.toMatchObject({ modbusCode: 2 });
    await expect(client.modbus.readInputRegisters(registers.voltage, 3)).rejects.toMatchObject({ modbusCode: 3 });
    await expect(client.modbus.readCoils(0, 8)).rejects.toMatchObject({ modbusCode: 1 });
    await expect(client.modbus.writeRegisters(0x0014, [1, 2])).rejects.toMatchObject({ modbusCode: 1 });
    expect(await client.float(registers.voltage)).toBe(231.5);
  });

  test('hears nothing of a unit that is not there', async () => {
    await using bench = await makeBench();
    await using client = await bench.connect({ unit: 8, timeoutMs: 500 });
    await expect(client.float(registers.voltage)).rejects.toThrow(/timed out/i);
    await vi.waitFor(async () => expect(await bench.port('meter0')).toMatchObject({ frames: 1, answers: 0, crcErrors: 0 }), waiting);
  });

  test('at the wrong speed gets no answer, and the meter hears damaged frames', async () => {
    await using bench = await makeBench();
    await using client = await bench.connect({ baud: 19_200, timeoutMs: 500 });
    await expect(client.float(registers.voltage)).rejects.toThrow(/timed out/i);
    await vi.waitFor(async () => {
      const port = await bench.port('meter0');
      expect(port).toMatchObject({ answers: 0, baud: 19_200 });
      expect(port.crcErrors).toBeGreaterThan(0);
    }, waiting);
  });

  test.each([['crc', /CRC/i, 9, 20_000], ['noise', /./, 9, 1_000], ['partial', /timed out/i, 4, 1_000], ['silent', /timed out/i, 0, 1_000], ['slow', /timed out/i, 9, 1_000]] as const)('fails on an answer with the fault %s, and on no other', async (fault, said, bytesOut, timeoutMs) => {
    await using bench = await makeBench();
    await bench.client.request({ op: 'serialFault', port: 'meter0', fault, count: 1 }, bench.client.gone);
    {
      await using client = await bench.connect({ timeoutMs });
      await expect(client.float(registers.voltage)).rejects.toThrow(said);
    }
    await vi.waitFor(async () => expect(await bench.port('meter0')).toMatchObject({ fault: 'none', faultsLeft: null }), waiting);
    // A late answer is let pass before the next question, by a client that remembers nothing.
    await vi.waitFor(async () => expect((await bench.port('meter0')).bytesOut).toBe(bytesOut), waiting);
    await using next = await bench.connect();
    expect(await next.float(registers.frequency)).toBeCloseTo(49.98, 3);
  });

  test('notices the unplugging, in the middle of a frame too, and reads on after the next plug', async () => {
    await using bench = await makeBench();
    {
      await using client = await bench.connect({ timeoutMs: 1_000 });
      const reading = client.float(registers.voltage).then(() => 'read', () => 'failed');
      await bench.client.request({ op: 'unplug', port: 'meter0' }, bench.client.gone);
      expect(['read', 'failed']).toContain(await reading);
      await vi.waitFor(() => expect(client.modbus.isOpen).toBe(false), waiting);
    }
    await expect(bench.connect()).rejects.toThrow(/no such file/i);
    await bench.client.request({ op: 'plug', port: 'meter0' }, bench.client.gone);
    await using again = await bench.connect();
    expect(await again.float(registers.voltage)).toBe(231.5);
  });
});

const hasMbpoll = debianTool('mbpoll');

test('mbpoll reads the meter', async ({ skip }) => {
  if (!hasMbpoll) skip('mbpoll is not here, and could not be installed');
  await using bench = await makeBench();
  const poll = (address: number, unit = 7, baud = 9_600) => spawnSync('mbpoll', ['-m', 'rtu', '-a', `${unit}`, '-b', `${baud}`, '-P', 'none', '-t', '3:float', '-B', '-0', '-r', `${address}`, '-c', '1', '-o', '5', '-1', bench.path], { encoding: 'utf8' });
  expect(poll(registers.voltage).stdout).toMatch(/\[0\]:\s+231\.5/);
  expect(poll(registers.frequency).stdout).toMatch(/\[70\]:\s+49\.98/);
  expect(poll(0x1000).stderr).toMatch(/illegal data address/i);
  expect(poll(registers.voltage, 9).stderr).toMatch(/timed out/i);
  expect(poll(registers.voltage, 7, 1_200).stderr).toMatch(/timed out/i);
});
