export { Asks, GpioAsk, Health, Limits, StorageAsk } from './ask.ts';
export { Binding, Bindings, LineRef } from './binding.ts';
export { type CapabilityKind, type GpioGrant, type Grant, type SafeState, type StorageGrant, capabilityKinds, emptyGrant, grantOf } from './grant.ts';
