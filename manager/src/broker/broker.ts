import type { Clock, Log } from '@pier/shared/core';
import type { Identity } from '@pier/shared/wire';
import type { Conflict, Keys } from './holders.ts';
import type { BrokerCounts } from './counts.ts';
import type { BrokerLimits } from './limits.ts';

/** A connection's certificate, as far as a decision about it needs it. `serial` is lower-case hex. */
export type Peer = { readonly identity: Identity; readonly commonName: string; readonly serial: string; readonly keyId: string; readonly notAfterMs: number };

export type BrokerOptions = {
  /** `caPem` is the only CA whose certificates are let in. */
  readonly identity: { readonly certPem: string; readonly keyPem: string; readonly caPem: string };
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked at each CONNECT; for one who is in already see `Broker.kick`. */
  readonly isRevoked: (identity: Identity, serial: string) => boolean;
  /** Why a certificate that holds is taken no more; asked at each CONNECT. */
  readonly supersededBy?: (peer: Peer) => string | undefined;
  /** Somebody was not let in for that. */
  readonly onSuperseded?: (peer: Peer, from: { readonly address: string; readonly connectedMs: number }) => void;
  /** Somebody was let in with this certificate. */
  readonly onLetIn?: (peer: Peer) => unknown;
  /** Two boards come with one identity, or do no more. */
  readonly onConflict?: (conflict: Conflict) => void;
  /** Every message that a client may publish, in its order; must return at once. */
  readonly onMessage: (message: BrokerMessage) => void;
  readonly limits?: Partial<BrokerLimits>;
};

export type BrokerMessage = { readonly topic: string; readonly payload: Uint8Array; readonly from: Identity };

/** Delivers while somebody is connected and keeps nothing: whatever matters lives in Postgres and is acknowledged by the application. */
export type Broker = AsyncDisposable & {
  readonly port: number;
  /** Resolves once handed to those who listen. Faults: `too-many-requests` when too many are outstanding, `unreachable` when closed. */
  publish(topic: string, payload: string, options?: { readonly qos?: 0 | 1 }): Promise<void>;
  /** What it shows of itself to those who come from now on. */
  useIdentity(identity: { readonly certPem: string; readonly keyPem: string }): void;
  /** Somebody came, here or at another door, as a device whose key it was before: a second holder of its identity. */
  noteCopy(copy: { readonly device: string; readonly address: string } & Keys): void;
  /** Ends every connection of a common name; returns how many there were. */
  kick(commonName: string): number;
  isConnected(commonName: string): boolean;
  /** Whether new clients are taken. */
  isListening(): boolean;
  stats(): BrokerCounts & { readonly connections: number; readonly outstanding: number };
};
