import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Clock, Fault } from '@pier/shared/core';
import { replaceFile } from '@pier/shared/disk';
import type { TlsIdentity } from './authority.ts';
import { type CaKey, issue, leafLifeMs } from './issue.ts';
import { readKeyFile } from './key-file.ts';

const alwaysHosts = ['localhost', '127.0.0.1', '::1'] as const;
const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Space and capital: no certificate name of the server's can pass for a device, a manager or an operator. */
const serverName = 'Pier manager';

/** The listeners' certificate: what was kept, as long as it names these hosts, hangs on this CA and lives for another year. */
export async function openServerIdentity({ dir, ca, caPem, hosts, clock }: { dir: string; ca: CaKey; caPem: string; hosts: readonly string[]; clock: Clock }): Promise<TlsIdentity> {
  const path = join(dir, 'server.pem');
  const named = hostsOf(hosts);
  const kept = splitPem((await readKeyFile(path)) ?? '');
  if (kept && stillFits(kept, { caPem, hosts: named, untilMs: clock.nowMs() + leafLifeMs / 2 })) return chained(kept, caPem);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { certPem } = await issue(ca, { commonName: serverName, publicKey, usage: 'server', hosts: named, clock });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  // Key and certificate go in one file: a kill between two writes cannot leave a pair that does not fit.
  await replaceFile({ path, bytes: keyPem + certPem });
  return chained({ certPem, keyPem }, caPem);
}

function chained({ certPem, keyPem }: TlsIdentity, caPem: string): TlsIdentity {
  return { certPem: certPem + caPem, keyPem };
}

/** Faults: `input-invalid` for a host that could not stand in a certificate. */
export function hostsOf(hosts: readonly string[]): string[] {
  for (const host of hosts) {
    if (!isIP(host) && !dnsName.test(host)) throw new Fault('input-invalid', `public host ${JSON.stringify(host.slice(0, 64))}: expected a DNS name or an IP address`);
  }
  return [...new Set([...alwaysHosts, ...hosts.map((host) => host.toLowerCase())])];
}

function stillFits({ certPem, keyPem }: TlsIdentity, { caPem, hosts, untilMs }: { caPem: string; hosts: readonly string[]; untilMs: number }): boolean {
  try {
    const certificate = new X509Certificate(certPem);
    const names = certificate.subjectAltName?.split(', ').length ?? 0;
    const covers = (host: string): boolean => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
    return names === hosts.length && hosts.every(covers) && certificate.validToDate.getTime() > untilMs && certificate.verify(new X509Certificate(caPem).publicKey) && certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    // A damaged one is no loss: unlike the CA's, this key is made anew.
    return false;
  }
}

export function splitPem(text: string): TlsIdentity | undefined {
  const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0];
  const certPem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0];
  return keyPem !== undefined && certPem !== undefined ? { keyPem, certPem } : undefined;
}
