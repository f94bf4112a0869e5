import type { DeviceId, KeyId } from '@pier/shared/core';

/** What a TLS server or client needs to show who it is: the certificate with the CA's behind it, and its key. */
export type TlsIdentity = { readonly certPem: string; readonly keyPem: string };

/** A certificate that was given to somebody who keeps the key; `keyId` names that key, `serial` (lower-case hex) this certificate. */
export type IssuedCertificate = { readonly certPem: string; readonly keyId: KeyId; readonly serial: string; readonly notBefore: Date; readonly notAfter: Date };

/** Gives identities for TLS, and holds the key that signs `desired`; nothing else. Its private keys never leave its folder. */
export type Authority = {
  readonly caPem: string;
  /** SHA-256 of the CA certificate (DER), lower-case hex: what a claim token carries. */
  readonly caFingerprint: string;
  /** The CA certificate as a file, for people's tools. */
  readonly caFile: string;
  /** For the broker and the device listener; renewed at start when the hosts changed or half of its life is over. */
  readonly server: TlsIdentity;
  /** Whether `server` has become another one, because half of its life is over. Asked from time to time: a manager may run for years. */
  renewServer(): Promise<boolean>;
  /** Signs `desired`: choose when, among releases that others allow. */
  readonly scheduler: { readonly privatePem: string; readonly publicPem: string; readonly id: KeyId };
  /** A fresh identity for a replica's own connections; it lives in memory only. */
  managerIdentity(replica: string): Promise<TlsIdentity>;
  /** Faults: `input-invalid` for a request that is malformed, not P-256, or not signed by its own key. The subject is replaced whatever it says. */
  signDevice(request: { readonly csrPem: string; readonly device: DeviceId }): Promise<IssuedCertificate>;
  /** The same for a person; the name is 1 to 63 of a-z, 0-9 and "-". */
  signOperator(request: { readonly csrPem: string; readonly name: string }): Promise<IssuedCertificate>;
};
