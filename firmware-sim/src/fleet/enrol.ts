/** Enrolment as a device does it: a key of its own, the authority that the claim token pins, a certificate for that key. */
import { X509Certificate, createHash } from 'node:crypto';
import { once } from 'node:events';
import { type RequestOptions, request } from 'node:https';
import * as z from 'zod';
import { DeviceId, Fault, check, isFaultCode, parseJson } from '@pier/shared/core';
import { Problem } from '@pier/shared/api';
import { EnrollResponse, decodeToken, devicePaths } from '@pier/shared/enroll';
import type { BoardProfile } from '@pier/shared/hardware';
import { Envelope } from '@pier/shared/signing';
import { makeCertificateRequest, makePrivateKey } from '@pier/shared/x509';

export const Identity = z.strictObject({ device: DeviceId, generation: z.int(), certificate: z.string(), key: z.string(), ca: z.string(), mqtt: z.string(), rootId: z.string(), policy: Envelope });
export type Identity = z.infer<typeof Identity>;

const Authority = z.strictObject({ ca: z.string() });

/** Takes one device in. Faults: those of the claim token and of the manager. */
export async function enrol({ manager, token: text, name, profile }: { manager: string; token: string; name: string; profile: BoardProfile }, signal: AbortSignal): Promise<Identity> {
  const token = decodeToken(text);
  if (!token) throw new Fault('token-invalid', 'the claim token is damaged: "pier1." and the rest as it was shown were expected');
  const { ca } = check(Authority, await exchange(new URL(devicePaths.ca, manager), { rejectUnauthorized: false, signal }), { what: 'authority' });
  const seen = createHash('sha256').update(new X509Certificate(ca).raw).digest('hex');
  if (seen !== token.caFingerprint) throw new Fault('certificate-invalid', `the authority has fingerprint ${seen}, the claim token names ${token.caFingerprint}`);
  const key = makePrivateKey();
  const csr = await makeCertificateRequest({ privatePem: key, commonName: 'unnamed' });
  const answer = await exchange(new URL(devicePaths.enroll, manager), { ca, signal, method: 'POST' }, { secret: token.secret, csr, profile, name });
  const { device, generation, certificate, mqtt, policy } = check(EnrollResponse, answer, { what: 'answer to the enrolment' });
  return { device, generation, certificate, mqtt, policy, key, ca, rootId: token.rootId };
}

async function exchange(url: URL, options: RequestOptions, body?: unknown): Promise<unknown> {
  const outgoing = request(url, { ...options, agent: false, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' } }) });
  outgoing.on('error', () => {
    // Told by the wait for the answer; one that comes after it shows in the answer's body.
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [incoming] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer> & { statusCode?: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const json = parseJson(Buffer.concat(chunks), { what: `answer of ${url.pathname}` });
  if ((incoming.statusCode ?? 500) < 300) return json;
  const problem = Problem.parse(json);
  throw new Fault(isFaultCode(problem.code) ? problem.code : 'internal', problem.detail);
}
