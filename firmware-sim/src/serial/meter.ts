import { type Clock, Fault, check } from '@pier/shared/core';
import { ModbusMeterPart } from '@pier/shared/hardware';
import * as z from 'zod';
import type { Registers } from './modbus.ts';

const { voltageV, currentA, powerW, frequencyHz, energyKwh } = ModbusMeterPart.shape;
/** What a person may set on a running meter. */
const Values = z.strictObject({ voltageV: voltageV.unwrap(), currentA, powerW: powerW.unwrap(), frequencyHz: frequencyHz.unwrap(), energyKwh: energyKwh.unwrap() }).partial();
type Readings = { readonly voltageV: number; readonly currentA: number; readonly powerW: number; readonly frequencyHz: number; readonly energyKwh: number };

/** Holding register 0x001C: the meter's codes of line speeds. */
const speedCodes: Readonly<Record<ModbusMeterPart['baud'], number>> = { 2_400: 0, 4_800: 1, 9_600: 2, 19_200: 3, 38_400: 4, 1_200: 5 };

/** Input registers as in "Eastron SDM120 Modbus Protocol"; pairs between the first and the last of a block that measure nothing are 0. */
const inputs: Readonly<Record<number, (now: Readings) => number>> = {
  0x0000: (now) => now.voltageV,
  0x0006: (now) => now.currentA,
  0x000c: (now) => now.powerW,
  0x0012: (now) => now.voltageV * now.currentA,
  0x001e: (now) => (now.voltageV * now.currentA === 0 ? 1 : now.powerW / (now.voltageV * now.currentA)),
  0x0046: (now) => now.frequencyHz,
  0x0048: (now) => now.energyKwh,
  0x0156: (now) => now.energyKwh,
};
const blocks = [[0x0000, 0x0058], [0x0156, 0x0158]] as const;

/** An energy meter in time: its energy grows with the power that it is set to. */
export class Meter {
  readonly #part: ModbusMeterPart;
  readonly #clock: Clock;
  #set: Omit<Readings, 'currentA'> & { readonly currentA: number | undefined };
  #sinceNs: bigint;

  constructor(part: ModbusMeterPart, clock: Clock) {
    this.#part = part;
    this.#clock = clock;
    this.#set = { voltageV: part.voltageV, currentA: part.currentA, powerW: part.powerW, frequencyHz: part.frequencyHz, energyKwh: part.energyKwh };
    this.#sinceNs = clock.monotonicNs();
  }

  values(): Readings {
    const { voltageV: volts, currentA: amperes, powerW: watts, frequencyHz: hertz, energyKwh: before } = this.#set;
    const hours = Number(this.#clock.monotonicNs() - this.#sinceNs) / 3.6e12;
    return { voltageV: volts, currentA: amperes ?? (volts === 0 ? 0 : Math.abs(watts) / volts), powerW: watts, frequencyHz: hertz, energyKwh: before + (Math.max(0, watts) / 1_000) * hours };
  }

  /** Faults: `input-invalid` for a value that it does not measure, or that is out of range. */
  set(values: Readonly<Record<string, number>>): void {
    if (Object.keys(values).length === 0) throw new Fault('input-invalid', `no value is given for "${this.#part.name}"; it takes ${Object.keys(Values.shape).join(', ')}`);
    const { currentA: amperes = this.#set.currentA, ...given } = check(Values, values, { what: `values of "${this.#part.name}"` });
    const now = this.values();
    const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    this.#set = { ...now, ...defined, currentA: amperes };
    this.#sinceNs = this.#clock.monotonicNs();
  }

  readonly registers: Registers = {
    3: (address) => (address === 0x0014 ? this.#part.unit : address === 0x001c ? speedCodes[this.#part.baud] : undefined),
    4: (address) => {
      if (address % 2 === 1 || !blocks.some(([from, to]) => address >= from && address <= to)) return undefined;
      return inputs[address]?.(this.values()) ?? 0;
    },
  };
}
