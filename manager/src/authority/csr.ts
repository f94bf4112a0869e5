import { type KeyObject, createPublicKey } from 'node:crypto';
import { Fault } from '@pier/shared/core';
import { Pkcs10CertificateRequest } from '@pier/shared/x509';

const csrCharsMax = 8_192;
/** A P-256 key with an uncompressed point (RFC 5480): one spelling per key, or one key would have two ids. */
const spkiBytes = 91;
const onePemBlock = /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/;

/**
 * The public key in a PKCS #10 request (RFC 2986), once the request's signature proved that the asker holds its private half.
 * Subject and extensions are not looked at: what a certificate says is not for the asker to choose.
 * Faults: `input-invalid` for anything else than a self-signed request with a P-256 key.
 */
export async function provenKeyOf(csrPem: string): Promise<KeyObject> {
  const refused = (why: string, cause?: unknown): Fault => new Fault('input-invalid', `certificate request: ${why}`, {}, cause);
  if (csrPem.length > csrCharsMax || !onePemBlock.test(csrPem)) throw refused(`expected one PEM block "CERTIFICATE REQUEST" of at most ${csrCharsMax} characters`);
  let request: Pkcs10CertificateRequest;
  let key: KeyObject;
  try {
    request = new Pkcs10CertificateRequest(csrPem);
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (cause) {
    throw refused('it is not well-formed PKCS #10', cause);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw refused(`expected a key on the curve P-256, got ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'none'}`);
  if (key.export({ type: 'spki', format: 'der' }).byteLength !== spkiBytes) throw refused('its key is written with a compressed point; expected an uncompressed one');
  if (!(await isSelfSigned(request))) throw refused('its signature was not made by the key inside it');
  return key;
}

async function isSelfSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // An algorithm that cannot be checked proves nothing.
    return false;
  }
}
