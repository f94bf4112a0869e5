import type { Clock, DeviceId, Log } from '@pier/shared/core';
import type { TlsIdentity } from '../authority/index.ts';
import type { Access, Registry } from '../registry/index.ts';

/** One request under `/device/v1/`; `device` is set when a certificate of this CA proved it. */
export type DeviceRequest = { readonly method: string; readonly path: string; readonly body: Uint8Array; readonly device?: DeviceId };

export type DeviceListenerOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly identity: TlsIdentity;
  readonly caPem: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** `{ kind: 'anonymous' }` for a wrong name or password; a Fault that it throws becomes a problem. `address` is where the connection comes from. */
  readonly basicAuth: (user: string, password: string, address: string) => Promise<Access>;
  readonly isRevoked: (device: DeviceId, serial: string) => boolean;
  /** A Fault that it throws becomes a problem (RFC 9457). */
  readonly deviceRoutes: (request: DeviceRequest) => Promise<{ readonly status: number; readonly json: unknown }>;
};

export type DeviceListener = AsyncDisposable & {
  readonly port: number;
  /** Ends every connection on which a device showed its certificate, also those that are read from; returns how many there were. */
  kick(device: string): number;
};
