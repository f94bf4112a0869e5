import type { Clock, DeviceId, Log } from '@pier/shared/core';
import type { TlsIdentity } from '../authority/index.ts';
import type { Access, Registry } from '../registry/index.ts';
import type { DeviceCertificate } from './certificate.ts';

/**
 * One request under `/device/v1/`; `device` is set when a certificate of this CA proved it, `certificate` also when that has
 * run out, which only `renewPath` is told.
 */
export type DeviceRequest = { readonly method: string; readonly path: string; readonly body: Uint8Array; readonly device?: DeviceId; readonly certificate?: DeviceCertificate };

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
  /** Why a certificate that holds is taken no more. */
  readonly supersededBy?: (certificate: DeviceCertificate) => string | undefined;
  /** Somebody was refused for that. */
  readonly onSuperseded?: (certificate: DeviceCertificate, from: { readonly address: string; readonly connectedMs: number }) => void;
  /** A device came with this certificate, which is good. */
  readonly onUsed?: (certificate: DeviceCertificate) => unknown;
  /** A Fault that it throws becomes a problem (RFC 9457). */
  readonly deviceRoutes: (request: DeviceRequest) => Promise<{ readonly status: number; readonly json: unknown }>;
};

export type DeviceListener = AsyncDisposable & {
  readonly port: number;
  /** What it shows of itself to those who come from now on. */
  useIdentity(identity: TlsIdentity): void;
  /** Ends every connection on which a device showed its certificate, also those that are read from; returns how many there were. */
  kick(device: string): number;
  /** Whether new connections are taken. */
  isListening(): boolean;
};
