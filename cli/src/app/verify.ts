import * as z from 'zod';
import { Counter, Digest, Fault, check, parseJson } from '@pier/shared/core';
import { parseArtifactManifest } from '@pier/shared/oci';
import { type TrustPolicy, Envelope, judgeArtifact, openPolicy } from '@pier/shared/signing';
import { type ManagerOptions, openTarget, readUserFile } from '../session/index.ts';

/** What a device already has of the app. */
const DeviceState = z.strictObject({ floor: z.strictObject({ counter: Counter, digest: Digest }).optional(), lastGood: Digest.optional() });

export type VerifyAnswer =
  | { readonly verdict: 'accepted'; readonly app: string; readonly version: string; readonly counter: number; readonly digest: string; readonly signedBy: readonly string[] }
  | { readonly verdict: 'refused'; readonly code: string; readonly reason: string };

/** Judges an artifact by the algorithm that devices use; to the CLI the verdict is display. */
export async function verifyApp(reference: string, { policy: policyFile, state, ...options }: ManagerOptions & { policy: string; state?: string }, signal = AbortSignal.timeout(120_000)): Promise<VerifyAnswer> {
  const policy = readPolicy(policyFile);
  const has = state === undefined ? {} : check(DeviceState, parseJson(readUserFile(state, 'state'), { what: state }), { what: state });
  const target = await openTarget(reference, options);
  using client = target.client;
  const ref = target.digest ?? target.tag;
  if (ref === undefined) throw new Fault('input-invalid', `${reference} names neither a tag nor a digest`);
  try {
    const { bytes, digest } = await client.manifest(target.repository, ref, signal);
    const { config } = parseArtifactManifest(bytes);
    const [configBytes, candidates] = await Promise.all([client.smallBlob(target.repository, config, { sizeBytesMax: 1 << 20 }, signal), client.signatures(target.repository, digest, signal)]);
    const verdict = judgeArtifact({ digest, manifest: bytes, config: configBytes, candidates, repository: target.name, policy, ...has });
    if (!verdict.ok) return { verdict: 'refused', ...verdict.refusal };
    const { app, version, counter, signedBy } = verdict.value;
    return { verdict: 'accepted', app, version, counter, digest, signedBy };
  } catch (thrown) {
    // What a registry serves under a digest and does not hash to it is a refusal like any other, with its own code.
    if (thrown instanceof Fault && thrown.exit === 3 && thrown.status === 422) return { verdict: 'refused', code: thrown.code, reason: thrown.message };
    throw thrown;
  }
}

function readPolicy(file: string): TrustPolicy {
  const envelope = check(Envelope, parseJson(readUserFile(file, 'policy'), { what: file }), { what: file });
  const claimed = parseJson(Buffer.from(envelope.payload, 'base64'), { what: file });
  const root = z.looseObject({ root: z.looseObject({ id: z.string() }) }).safeParse(claimed);
  const opened = openPolicy(envelope, { rootId: (root.success ? root.data.root.id : '') as Parameters<typeof openPolicy>[1]['rootId'] });
  if (!opened.ok) throw new Fault(opened.refusal.code, `${file}: ${opened.refusal.reason}`);
  return opened.value.policy;
}
