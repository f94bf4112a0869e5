import { packetBytesMax } from '@pier/shared/wire';

/** What the broker holds against any one client, or all of them. */
export type BrokerLimits = { readonly [K in keyof typeof brokerLimits]: number };

export const brokerLimits = {
  packetBytesMax,
  /** From the first byte of TCP to an accepted CONNECT. */
  connectTimeoutMs: 10_000,
  keepaliveS: 300,
  /** How often live connections are looked at for a certificate that has run out. */
  expirySweepMs: 60_000,
  topicLevelsMax: 12,
  connectionsMax: 20_000,
  /** Connections that have not yet said who they are, from one address and in all; simulated fleets share an address. */
  strangersPerAddressMax: 1_024,
  strangersMax: 4_096,
  /** People open several shells under one certificate; a device has one connection. */
  connectionsPerNameMax: 32,
  filtersPerConnectionMax: 64,
  refusalsPerConnectionMax: 16,
  /** Publishing of devices and operators: a bucket for each name, over all its connections, that holds `burst` and fills with `perS`. */
  publishPerS: 200,
  publishBurst: 2_000,
  /** A reader who is this far behind makes senders wait, for `drainTimeoutMs` at most; then it is let go. */
  lagBytesMax: 1 << 20,
  drainTimeoutMs: 2_000,
  /** A reader who is this far behind is let go at once. */
  outboundBytesMax: 8 << 20,
  /** Messages of the manager itself that are on their way. */
  outstandingMax: 10_000,
} as const satisfies Record<string, number>;
