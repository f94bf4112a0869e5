/**
 * The attack this stops: a signed app reaching a pin or a folder that the owner of the device never gave it.
 * A grant is ask ∩ binding ∩ policy; what any of the three leaves out is not there.
 */
import { type Label, type Refusal, type Verdict, accept, refuse } from '../core/index.ts';
import type { Asks, GpioAsk, SerialAsk, StorageAsk, TelemetryAsk } from './ask.ts';
import type { Bindings, LineRef } from './binding.ts';

export const capabilityKinds = ['gpio', 'serial', 'storage', 'telemetry'] as const;
export type CapabilityKind = (typeof capabilityKinds)[number];

/** What a line does whenever no guest holds it: driven low or high, turned into an input, or left as it is. */
export type SafeState = 'low' | 'high' | 'input' | 'keep';

export type GpioGrant = { readonly ask: GpioAsk; readonly at: LineRef; readonly safe: SafeState };
export type SerialGrant = { readonly ask: SerialAsk; readonly path: string };
export type StorageGrant = { readonly ask: StorageAsk; readonly maxBytes: number };
export type TelemetryGrant = { readonly ask: TelemetryAsk };
export type Grant = {
  readonly gpio: readonly GpioGrant[];
  readonly serial: readonly SerialGrant[];
  readonly storage: readonly StorageGrant[];
  readonly telemetry: readonly TelemetryGrant[];
};

export const emptyGrant: Grant = { gpio: [], serial: [], storage: [], telemetry: [] };

type Uncovered = Refusal & { readonly label: Label };

/**
 * The rights of one app on one device. Refused, naming each label, when an ask that is not optional is uncovered;
 * optional asks that are uncovered are left out.
 * In: the app's signed asks, the device's bindings for that app, the kinds that the policy's scope allows, and the lines and
 * ports that the board reserves.
 */
export function grantOf(rule: {
  readonly asks: Asks;
  readonly bindings: Bindings;
  readonly allowed: readonly CapabilityKind[];
  readonly reserved?: readonly LineRef[];
  readonly reservedPorts?: readonly string[];
}): Verdict<Grant> {
  const gpio = rule.asks.gpio.map((ask) => gpioGrant(ask, rule));
  const serial = rule.asks.serial.map((ask) => serialGrant(ask, rule));
  const storage = rule.asks.storage.map((ask) => storageGrant(ask, rule));
  const telemetry = rule.asks.telemetry.map((ask) => telemetryGrant(ask, rule));
  const lacking = [...gpio, ...serial, ...storage, ...telemetry].filter((one): one is Missing => 'uncovered' in one && !one.optional).map((one) => one.uncovered);
  const first = lacking[0];
  if (first) return refuse(first.code, lacking.map((one) => one.reason).join('; '));
  return accept({ gpio: gpio.filter(isGrant), serial: serial.filter(isGrant), storage: storage.filter(isGrant), telemetry: telemetry.filter(isGrant) });
}

function isGrant<T extends object>(one: T | Missing): one is T {
  return !('uncovered' in one);
}

type Rule = Parameters<typeof grantOf>[0];
type Missing = { readonly uncovered: Uncovered; readonly optional: boolean };

function missing(ask: { label: Label; optional: boolean }, code: Refusal['code'], reason: string): Missing {
  return { uncovered: { code, reason, label: ask.label }, optional: ask.optional };
}

function gpioGrant(ask: GpioAsk, { bindings, allowed, reserved = [] }: Rule): GpioGrant | Missing {
  if (!allowed.includes('gpio')) return missing(ask, 'capability.mode', `"${ask.label}": the policy gives this app no gpio`);
  const binding = Object.hasOwn(bindings, ask.label) ? bindings[ask.label] : undefined;
  if (binding?.kind !== 'gpio') return missing(ask, 'capability.unbound', `"${ask.label}" (gpio ${ask.mode}) is not bound to a line on this device`);
  if (!binding.modes.includes(ask.mode)) return missing(ask, 'capability.mode', `"${ask.label}" asks for ${ask.mode}, its binding allows ${binding.modes.join(', ')}`);
  const at = { chip: binding.chip, line: binding.line };
  if (reserved.some((line) => line.chip === at.chip && line.line === at.line)) return missing(ask, 'capability.reserved', `"${ask.label}" is bound to ${at.chip} line ${at.line}, which the board reserves`);
  return { ask, at, safe: binding.safe ?? safeOf(ask) };
}

function safeOf(ask: GpioAsk): SafeState {
  if (ask.mode === 'in') return 'input';
  return (ask.safe === 'active') === (ask.active === 'high') ? 'high' : 'low';
}

function serialGrant(ask: SerialAsk, { bindings, allowed, reservedPorts = [] }: Rule): SerialGrant | Missing {
  if (!allowed.includes('serial')) return missing(ask, 'capability.mode', `"${ask.label}": the policy gives this app no serial`);
  const binding = Object.hasOwn(bindings, ask.label) ? bindings[ask.label] : undefined;
  if (binding?.kind !== 'serial') return missing(ask, 'capability.unbound', `"${ask.label}" (serial) is not bound to a port on this device`);
  if (reservedPorts.includes(binding.path)) return missing(ask, 'capability.reserved', `"${ask.label}" is bound to ${binding.path}, which the board reserves`);
  return { ask, path: binding.path };
}

function telemetryGrant(ask: TelemetryAsk, { allowed }: Rule): TelemetryGrant | Missing {
  if (!allowed.includes('telemetry')) return missing(ask, 'capability.mode', `"${ask.label}": the policy gives this app no telemetry`);
  return { ask };
}

function storageGrant(ask: StorageAsk, { bindings, allowed }: Rule): StorageGrant | Missing {
  if (!allowed.includes('storage')) return missing(ask, 'capability.mode', `"${ask.label}": the policy gives this app no storage`);
  const binding = Object.hasOwn(bindings, ask.label) ? bindings[ask.label] : undefined;
  if (binding?.kind !== 'storage') return missing(ask, 'capability.unbound', `"${ask.label}" (storage at ${ask.path}) is not bound on this device`);
  return { ask, maxBytes: Math.min(ask.maxBytes, binding.maxBytes) };
}
