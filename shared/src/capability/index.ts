export { Asks, GpioAsk, Health, Limits, SerialAsk, StorageAsk, TelemetryAsk } from './ask.ts';
export { Binding, Bindings, LineRef } from './binding.ts';
export { type CapabilityKind, type GpioGrant, type Grant, type SafeState, type SerialGrant, type StorageGrant, type TelemetryGrant, capabilityKinds, emptyGrant, grantOf } from './grant.ts';
export { type AskDifference, type Asked, askDifference, permissionWords } from './words.ts';
