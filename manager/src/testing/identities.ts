/** Only tests import this folder: clients with keys of their own, signed by a real authority. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { webcrypto } from 'node:crypto';
import { type Clock, DeviceId, systemClock } from '@pier/shared/core';
import { type Authority, type TlsIdentity, openAuthority } from '../authority/index.ts';

export type TemporaryFolder = { readonly path: string } & AsyncDisposable;

export async function temporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `pier-${name}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** An authority in a folder of its own. */
export async function newAuthority({ clock = systemClock }: { clock?: Clock } = {}): Promise<Authority & AsyncDisposable> {
  const dir = await temporaryFolder('authority');
  return { ...(await openAuthority({ dir: join(dir.path, 'keys'), clock, hosts: [] })), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

export async function deviceIdentity(authority: Authority, id: string, { askFor = id }: { askFor?: string } = {}): Promise<TlsIdentity & { serial: string }> {
  const { csrPem, keyPem } = await newRequest(askFor);
  const { certPem, serial } = await authority.signDevice({ csrPem, device: DeviceId.parse(id) });
  return { certPem, keyPem, serial };
}

export async function operatorIdentity(authority: Authority, name: string): Promise<TlsIdentity> {
  const { csrPem, keyPem } = await newRequest(name);
  return { certPem: (await authority.signOperator({ csrPem, name })).certPem, keyPem };
}

/** A certificate request as a device makes it. */
export async function newRequest(name: string): Promise<{ csrPem: string; keyPem: string }> {
  // Loaded here, after the authority has prepared what this library asks for at load.
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [name] }], keys, signingAlgorithm });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { csrPem: csr.toString('pem'), keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n` };
}

/** Resolves once `holds` is true; fails after a time that is generous for a busy machine. */
export async function until(holds: () => boolean, { what, withinMs = 45_000 }: { what: string; withinMs?: number }): Promise<void> {
  const endMs = systemClock.monotonicMs() + withinMs;
  while (!holds()) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await systemClock.sleep(10);
  }
}
