import { type KeyObject, X509Certificate, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Fault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { generateKeyPair, keyIdOf, publicPemOf } from '@pier/shared/signing';
import { type Identity, commonNameOf, identityOf } from '@pier/shared/wire';
import { createFile, isErrno, replaceFile } from '@pier/shared/disk';
import type { Authority, IssuedCertificate } from './authority.ts';
import { provenKeyOf } from './csr.ts';
import { type CaKey, issue, leafLifeMs, selfSign } from './issue.ts';
import { openKeyFolder, parsePrivateKey, readKeyFile } from './key-file.ts';
import { openServerIdentity, splitPem } from './server-identity.ts';

type Options = { readonly dir: string; readonly clock: Clock; /** Names and addresses under which people and devices reach this manager; loopback is always among them. */ readonly hosts: readonly string[]; /** How long devices' certificates last. */ readonly deviceLifeMs?: number };

/**
 * Opens the folder that holds the fleet's identities, or makes them at the first start: CA, listeners' certificate, scheduler key.
 * Faults: `key-unusable` when a key is damaged, missing beside its certificate, or readable by others; `input-invalid` for a bad host.
 */
export async function openAuthority({ dir, clock, hosts, deviceLifeMs = leafLifeMs }: Options): Promise<Authority> {
  await openKeyFolder(dir);
  const { ca, caPem, caFile } = await openCa(dir);
  const schedulerPem = await openKey(join(dir, 'scheduler.key'));
  const schedulerPublicPem = publicPemOf(schedulerPem);
  const sign = async (identity: Identity, csrPem: string, lifeMs = leafLifeMs): Promise<IssuedCertificate> => {
    const publicKey = await provenKeyOf(csrPem);
    return { ...(await issue(ca, { commonName: commonNameOf(identity), publicKey, usage: 'client', lifeMs, clock })), keyId: keyIdOf(spki(publicKey)) };
  };
  const openServer = () => openServerIdentity({ dir, ca, caPem, hosts, clock });
  let server = await openServer();
  return {
    caPem,
    caFile,
    caFingerprint: digestOf(new X509Certificate(caPem).raw).slice('sha256:'.length),
    get server() {
      return server;
    },
    renewServer: async () => {
      const before = server.certPem;
      server = await openServer();
      return server.certPem !== before;
    },
    scheduler: { privatePem: schedulerPem, publicPem: schedulerPublicPem, id: keyIdOf(schedulerPublicPem) },
    managerIdentity: async (replica) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const { certPem } = await issue(ca, { commonName: commonNameOf(named(`manager:${replica}`)), publicKey, usage: 'client', clock });
      return { certPem: certPem + caPem, keyPem: pkcs8(privateKey) };
    },
    signDevice: async ({ csrPem, device }) => sign({ kind: 'device', device }, csrPem, deviceLifeMs),
    signOperator: async ({ csrPem, name }) => sign(named(`operator:${name}`), csrPem),
  };
}

/** Key and certificate of the CA lie in one file; a public copy beside it is for people's tools, and tells when the file was lost. */
async function openCa(dir: string): Promise<{ ca: CaKey; caPem: string; caFile: string }> {
  const path = join(dir, 'authority.pem');
  const caFile = join(dir, 'ca.crt');
  const published = await readFile(caFile, 'utf8').catch((error: unknown) => (isErrno(error, 'ENOENT') ? undefined : Promise.reject(error)));
  let text = await readKeyFile(path);
  if (text === undefined) {
    if (published !== undefined) throw new Fault('key-unusable', `${caFile} is there but ${path} is not: the CA's key was lost. Restore it from a backup; a new CA would lock out every device`);
    await createFile({ path, bytes: await newCa() });
    // Of two managers that start at once in one folder, both go on with the file that won.
    text = (await readKeyFile(path)) ?? '';
  }
  const pair = splitPem(text);
  const key = parsePrivateKey(pair?.keyPem ?? '', path);
  const caPem = pair?.certPem ?? '';
  const certificate = new X509Certificate(caPem);
  if (!certificate.checkPrivateKey(key)) throw new Fault('key-unusable', `the key file ${path} is damaged: its key and its certificate do not belong together. Restore it from a backup`);
  if (published !== caPem) await replaceFile({ path: caFile, bytes: caPem, mode: 0o644 });
  return { ca: { name: commonNameIn(certificate), key }, caPem, caFile };
}

async function newCa(): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Each CA has a name of its own, or a client that knows two could pick the wrong one.
  const ca = { name: `Pier CA ${keyIdOf(spki(publicKey)).slice(0, 16)}`, key: privateKey };
  return pkcs8(privateKey) + (await selfSign(ca));
}

async function openKey(path: string): Promise<string> {
  if ((await readKeyFile(path)) === undefined) await createFile({ path, bytes: generateKeyPair().privatePem });
  return pkcs8(parsePrivateKey((await readKeyFile(path)) ?? '', path));
}

function named(commonName: string): Identity {
  const identity = identityOf(commonName);
  if (identity === undefined || identity.kind === 'device') throw new Fault('input-invalid', `${JSON.stringify(commonName.slice(0, 80))}: a name is 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit`);
  return identity;
}

function spki(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function commonNameIn(certificate: X509Certificate): string {
  return /^CN=(.+)$/.exec(certificate.subject)?.[1] ?? '';
}
