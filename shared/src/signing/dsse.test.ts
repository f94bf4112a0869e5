import { execFileSync } from 'node:child_process';
import type { Envelope } from '../wire/index.ts';
import { createPrivateKey, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeBase64, isEcdsaDer, openEnvelope, payloadTypes, preAuthEncoding, signEnvelope } from './dsse.ts';
import { type PublicKey, generateKeyPair } from './keys.ts';

const key = generateKeyPair();
const other = generateKeyPair();
const payloadType = payloadTypes.command;
const publicKey = ({ id, publicPem }: typeof key): PublicKey => ({ id, pem: publicPem });
const keys = [publicKey(key)];
const signed = signEnvelope({ payloadType, payload: '{"cmd":"ping"}', privatePem: key.privatePem });
const derOf = (envelope: Envelope): Buffer => Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
const withSig = (bytes: Uint8Array | string): Envelope => ({ ...signed, signatures: [{ sig: typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64') }] });

test('what one key signs, that key opens', () => {
  const opened = openEnvelope(signed, { payloadType, keys });
  expect(opened).toMatchObject({ ok: true, value: { keyIds: [key.id] } });
  expect(opened.ok && Buffer.from(opened.value.payload).toString()).toBe('{"cmd":"ping"}');
});

test('an envelope survives JSON, carries one signature, and names no key', () => {
  expect(openEnvelope(JSON.parse(JSON.stringify(signed)), { payloadType, keys }).ok).toBe(true);
  expect(Object.keys(signed)).toEqual(['payloadType', 'payload', 'signatures']);
  expect(signed.signatures.map((one) => Object.keys(one))).toEqual([['sig']]);
});

test('the signed bytes are those of the DSSE specification', () => {
  expect(Buffer.from(preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  expect(Buffer.from(preAuthEncoding('é', Buffer.from('ü'))).toString()).toBe('DSSEv1 2 é 2 ü');
});

test('lengths count bytes: a signature over characters is not one', () => {
  const type = 'text/é';
  const payload = Buffer.from('ü');
  const wrong = sign('sha256', Buffer.from(`DSSEv1 ${type.length} ${type} 1 ü`), createPrivateKey(key.privatePem));
  expect(openEnvelope({ payloadType: type, payload: payload.toString('base64'), signatures: [{ sig: wrong.toString('base64') }] }, { payloadType: type, keys })).toMatchObject({ refusal: { code: 'untrusted-signer' } });
  expect(openEnvelope(signEnvelope({ payloadType: type, payload, privatePem: key.privatePem }), { payloadType: type, keys }).ok).toBe(true);
});

test('binary payloads come back as they were', () => {
  const payload = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const opened = openEnvelope(signEnvelope({ payloadType, payload, privatePem: key.privatePem }), { payloadType, keys });
  expect(opened.ok && Buffer.from(opened.value.payload).equals(payload)).toBe(true);
});

describe('is not an envelope', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a plain command', { cmd: 'ping' }],
    ['a list', [signed]],
    ['its JSON text', JSON.stringify(signed)],
    ['one without signatures', { ...signed, signatures: [] }],
    ['one that lost its signatures', { payloadType, payload: signed.payload }],
    ['one with an unknown key', { ...signed, trust: 'me' }],
    ['one with an unknown key in a signature', { ...signed, signatures: [{ ...signed.signatures[0], cert: 'x' }] }],
    ['one with 17 signatures', { ...signed, signatures: Array.from({ length: 17 }, () => signed.signatures[0]) }],
    ['one with a number as payload', { ...signed, payload: 7 }],
  ])('%s', (_, envelope) => {
    expect(openEnvelope(envelope, { payloadType, keys })).toMatchObject({ ok: false, refusal: { code: 'unsigned' } });
  });
});

const der = derOf(signed);
const half = (at: number): Buffer => {
  const length = der[at + 1] ?? 0;
  const value = der.subarray(at + 2, at + 2 + length);
  return Buffer.concat([Buffer.alloc(32), value]).subarray(-32);
};
const p1363 = Buffer.concat([half(2), half(4 + (der[3] ?? 0))]);

describe('is refused before any key is tried', () => {
  test.each<[string, Envelope]>([
    ['another payload type', signEnvelope({ payloadType: payloadTypes.desired, payload: '{}', privatePem: key.privatePem })],
    ['its payload type in capitals', { ...signed, payloadType: payloadType.toUpperCase() }],
    ['a relabelled payload type', { ...signEnvelope({ payloadType: payloadTypes.desired, payload: '{}', privatePem: key.privatePem }), payloadType: 'text/plain' }],
    ['a payload with white space in its base64', { ...signed, payload: `${signed.payload}\n` }],
    ['a payload with junk in its base64', { ...signed, payload: `*${signed.payload}` }],
    ['a payload without its padding', { ...signed, payload: signed.payload.replace(/=+$/, '') }],
    ['a payload with leftover bits', { ...signed, payload: signed.payload.replace(/0=$/, '1=') }],
    ['an empty signature', withSig('')],
    ['a signature that is no base64', withSig('!!!!')],
    ['a truncated signature', withSig(der.subarray(0, -1))],
    ['a signature with trailing bytes', withSig(Buffer.concat([der, Buffer.from([0])]))],
    ['a signature as two plain numbers (IEEE P1363)', withSig(p1363)],
    ['a good signature beside junk', { ...signed, signatures: [...signed.signatures, { sig: 'AAAA' }] }],
  ])('%s', (_, envelope) => {
    expect(openEnvelope(envelope, { payloadType, keys })).toMatchObject({ ok: false, refusal: { code: 'signature-invalid' } });
  });

  test('the P1363 form that is refused was a true signature', () => {
    expect(verify('sha256', preAuthEncoding(payloadType, Buffer.from('{"cmd":"ping"}')), { key: key.publicPem, dsaEncoding: 'ieee-p1363' }, p1363)).toBe(true);
  });
});

describe('nobody trusted signed', () => {
  test.each<[string, Envelope]>([
    ["a stranger's envelope", signEnvelope({ payloadType, payload: '{}', privatePem: other.privatePem })],
    ['a payload that was changed', { ...signed, payload: Buffer.from('{"cmd":"stop"}').toString('base64') }],
    ["another envelope's signature", { ...signed, signatures: signEnvelope({ payloadType, payload: '{}', privatePem: key.privatePem }).signatures }],
    ['an envelope that names the trusted key', { ...signEnvelope({ payloadType, payload: '{}', privatePem: other.privatePem }), signatures: [{ sig: signEnvelope({ payloadType, payload: '{}', privatePem: other.privatePem }).signatures[0]?.sig ?? '', keyid: key.id }] }],
  ])('%s', (_, envelope) => {
    expect(openEnvelope(envelope, { payloadType, keys })).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });

  test('any envelope, when no key is trusted', () => {
    expect(openEnvelope(signed, { payloadType, keys: [] })).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer' } });
  });

  test('an envelope with any one bit of its signature flipped', () => {
    for (let bit = 0; bit < der.byteLength * 8; bit += 1) {
      const flipped = Buffer.from(der);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(openEnvelope(withSig(flipped), { payloadType, keys }).ok, `bit ${bit}`).toBe(false);
    }
  });
});

test('a hint does not matter, right or wrong', () => {
  expect(openEnvelope({ ...signed, signatures: [{ sig: signed.signatures[0]?.sig ?? '', keyid: 'anything' }] }, { payloadType, keys }).ok).toBe(true);
});

describe('a threshold of two', () => {
  const both = [publicKey(key), publicKey(other)];
  const second = signEnvelope({ payloadType, payload: '{"cmd":"ping"}', privatePem: other.privatePem });
  const open = (signatures: Envelope['signatures'], trusted: readonly PublicKey[] = both) => openEnvelope({ ...signed, signatures }, { payloadType, keys: trusted, threshold: 2 });
  const again = signEnvelope({ payloadType, payload: '{"cmd":"ping"}', privatePem: key.privatePem });

  test('is met by two keys', () => {
    expect(open([...signed.signatures, ...second.signatures])).toMatchObject({ ok: true, value: { keyIds: [key.id, other.id] } });
  });

  test.each<[string, Envelope['signatures']]>([
    ['one key once', signed.signatures],
    ['one signature twice', [...signed.signatures, ...signed.signatures]],
    ['two signatures of one key', [...signed.signatures, ...again.signatures]],
    ['a signature and its mirrored copy', [...signed.signatures, { sig: mirrored(der).toString('base64') }]],
  ])('is not met by %s', (_, signatures) => {
    expect(open(signatures)).toMatchObject({ ok: false, refusal: { code: 'untrusted-signer', reason: expect.stringContaining('1 of the 2') as string } });
  });

  test('is not met by one key that is trusted in two spellings', () => {
    const spelled: PublicKey[] = [publicKey(key), { id: other.id, pem: key.publicPem.replaceAll('\n', '\r\n') }];
    expect(open([...signed.signatures, ...again.signatures], spelled).ok).toBe(false);
  });

  test.each([0, -1, 1.5, Number.NaN])('is our own mistake when it is %s', (threshold) => {
    expect(() => openEnvelope(signed, { payloadType, keys, threshold })).toThrow('invariant broken');
  });
});

/** (r, n − s) is as valid as (r, s): ECDSA signatures can be copied into other bytes without the key. */
function mirrored(signature: Buffer): Buffer {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const rEnd = 4 + (signature[3] ?? 0);
  const s = BigInt(`0x${signature.subarray(rEnd + 2).toString('hex')}`);
  const raw = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex').toString('hex').replace(/^(?:00)+/, '');
  const bytes = Buffer.from(/^[89a-f]/.test(raw) ? `00${raw}` : raw, 'hex');
  const body = Buffer.concat([signature.subarray(2, rEnd), Buffer.from([2, bytes.byteLength]), bytes]);
  return Buffer.concat([Buffer.from([0x30, body.byteLength]), body]);
}

test('the mirrored copy is a true signature, which is why keys are counted', () => {
  expect(mirrored(der).equals(der)).toBe(false);
  expect(openEnvelope(withSig(mirrored(der)), { payloadType, keys }).ok).toBe(true);
});

describe('base64', () => {
  test.each([['', ''], ['AA==', '00'], ['+/+/', 'fbffbf'], ['-_-_', 'fbffbf']])('%j is read', (text, hex) => {
    expect(decodeBase64(text)?.toString('hex')).toBe(hex);
  });
  test.each([['AA'], ['AA='], ['AB=='], ['A==='], [' AA=='], ['AA==\n'], ['A A='], ['+_+_'], ['AA==AA=='], ['=']])('%j is not', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('ECDSA in DER', () => {
  test.each<[string, string, boolean]>([
    ['two small numbers', '3006020101020101', true],
    ['numbers that need a leading zero', '3008020200ff020200ff', true],
    ['a zero', '3006020100020101', false],
    ['a negative number', '3006020181020101', false],
    ['a needless leading zero', '300702020001020101', false],
    ['a number without bytes', '300502000201 01'.replace(' ', ''), false],
    ['a length in the long form', '308106020101020101', false],
    ['a length beyond the end', '3006020101020201', false],
    ['three numbers', '3009020101020101020101', false],
    ['one number', '3003020101', false],
    ['a number of 257 bits', `3026022101${'00'.repeat(32)}020101`, false],
    ['another tag outside', '3106020101020101', false],
    ['another tag inside', '3006030101020101', false],
    ['nothing', '', false],
  ])('%s', (_, hex, fine) => {
    expect(isEcdsaDer(Buffer.from(hex, 'hex'))).toBe(fine);
  });
});

test.skipIf(!hasOpenssl())('openssl accepts the signature over the same bytes (skipped where there is no openssl)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-dsse-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'pub.pem'), key.publicPem);
  writeFileSync(join(dir, 'sig'), der);
  writeFileSync(join(dir, 'pae'), `DSSEv1 ${payloadType.length} ${payloadType} 14 {"cmd":"ping"}`);
  expect(execFileSync('openssl', ['dgst', '-sha256', '-verify', 'pub.pem', '-signature', 'sig', 'pae'], { cwd: dir }).toString()).toContain('Verified OK');
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    // No such program here; the test is skipped and says why in its name.
    return false;
  }
}
