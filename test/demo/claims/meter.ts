import { SerialPort } from 'serialport';
import ModbusRTU from 'modbus-serial';
import { systemClock } from '@pier/shared/core';
import { type Case, apiOf, boardOf, pier, until, wrong } from './look.ts';

const voltageRegister = 0x0000;

/** What the judge can say of the energy meter: by a foreign Modbus client, and from the API. */
export const meterClaims = {
  /** `modbus-serial`, which knows nothing of Pier, reads the voltage at the port; possible while no app holds it. */
  foreignReads: async (at: Case, { device }: { device: string }) => {
    const client = new ModbusRTU.default();
    const path = `${boardOf(at, device).dir}/serial/meter`;
    await client.connectRTUBuffered(path, { baudRate: 9_600 });
    try {
      client.setID(1);
      client.setTimeout(2_000);
      const { buffer } = await client.readInputRegisters(voltageRegister, 2);
      const voltage = buffer.readFloatBE(0);
      if (!(voltage > 200 && voltage < 260)) throw wrong(`a foreign Modbus client reads ${voltage} V`);
      return `modbus-serial reads ${voltage.toFixed(1)} V at ${path.split('/').slice(-3).join('/')}`;
    } finally {
      await new Promise<void>((resolve) => client.close(() => resolve()));
    }
  },

  /** The port is held by the app alone: a foreign client does not get it. */
  portIsHeld: async (at: Case, { device }: { device: string }) => {
    const port = new SerialPort({ path: `${boardOf(at, device).dir}/serial/meter`, baudRate: 9_600, autoOpen: false });
    const error = await new Promise<Error | null>((resolve) => port.open(resolve));
    if (error === null) {
      await new Promise<void>((resolve) => port.close(() => resolve()));
      throw wrong(`the port of ${device} could be opened beside the app`);
    }
    return `a second opener is told: ${error.message}`;
  },

  /** Samples of the series arrive through the API, from `sinceMs` on, with this value. */
  telemetry: async (at: Case, { devices, series, near, sinceMs }: { devices: readonly string[]; series: string; near: number; sinceMs: number }) =>
    until(`samples of ${series} near ${near} from ${devices.join(', ')}`, 60, async () => {
      const seen: string[] = [];
      for (const device of devices) {
        const { items } = await apiOf(at).call('getTelemetry', { params: { device }, query: { app: 'meter', series, sinceS: Math.max(1, Math.ceil((systemClock.nowMs() - sinceMs) / 1_000)), limit: 5_000 } });
        const last = items.findLast((one) => Date.parse(one.at) >= sinceMs && Math.abs(one.value - near) <= Math.abs(near) * 0.05);
        if (!last) return undefined;
        seen.push(`${last.value.toFixed(1)} ${last.unit}`);
      }
      return `${series}: ${seen.join(', ')}`;
    }),

  /** The meter's numbers are changed at the board, and arrive. */
  followsMeter: async (at: Case, { device, power }: { device: string; power: number }) => {
    const set = await pier(at, ['sim', 'set', boardOf(at, device).dir, 'meter', `powerW=${power}`]);
    if (set.status !== 0) throw wrong(`the meter cannot be set: ${set.stderr}`);
    return meterClaims.telemetry(at, { devices: [device], series: 'power', near: power, sinceMs: systemClock.nowMs() });
  },

  /** Unplugged, the device tells so; plugged in again (under another number), samples arrive again. */
  survivesUnplug: async (at: Case, { device, voltage }: { device: string; voltage: number }) => {
    const board = boardOf(at, device).dir;
    const out = await pier(at, ['sim', 'unplug', board, 'meter']);
    if (out.status !== 0) throw wrong(`the meter cannot be unplugged: ${out.stderr}`);
    await until(`port.gone of ${device}`, 30, async () => ((await apiOf(at).call('listEvents', { params: { device }, query: {} })).items.some((one) => one.type === 'port.gone') ? 'gone' : undefined));
    const back = await pier(at, ['sim', 'plug', board, 'meter']);
    if (back.status !== 0) throw wrong(`the meter cannot be plugged in again: ${back.stderr}`);
    return `unplugged and told; plugged in again: ${await meterClaims.telemetry(at, { devices: [device], series: 'voltage', near: voltage, sinceMs: systemClock.nowMs() })}`;
  },
} as const;
