import { type NamedFault, caughtBy } from './named-fault.ts';

const signing = 'shared/src/signing';
const oci = 'shared/src/oci';

/** Faults in what both ends believe of each other: signatures, policy, artifacts, rights, order. */
export const sharedFaults: readonly NamedFault[] = [
  ...caughtBy([`${signing}/dsse.test.ts`], [
    ['verify-says-ok', `${signing}/dsse.ts`, "if (signatures.some((signature) => verify('sha256', signed, { key, dsaEncoding: 'der' }, signature))) ids.add", 'if (signatures.length > 0 && signed.length > 0) ids.add'],
    ['wrong-payload-type-taken', `${signing}/dsse.ts`, "if (envelope.payloadType !== payloadType) return refuse('signature-invalid', ", "if (envelope.payloadType !== payloadType) payloadType = envelope.payloadType; else if (envelope.payload === undefined) return refuse('signature-invalid', "],
    ['threshold-counts-signatures-not-keys', `${signing}/dsse.ts`, 'if (keyIds.length < threshold) return', 'if (keyIds.length * read.value.signatures.length < threshold) return'],
    ['base64-in-two-spellings', `${signing}/dsse.ts`, "return bytes.toString('base64') === standard ? bytes : undefined;", 'return bytes;'],
    ['signature-in-two-spellings', `${signing}/dsse.ts`, 'if (!bytes || !isEcdsaDer(bytes)) return', 'if (!bytes) return'],
  ]),
  ...caughtBy([`${signing}/bundle.test.ts`], [
    ['statement-about-another-artifact', `${signing}/bundle.ts`, "if (!subject.some((one) => one.digest['sha256'] === hexOf(digest))) return", 'if (subject.length === 0) return'],
    ['attestation-taken-for-a-signature', `${signing}/bundle.ts`, 'if (predicateType !== signPredicate) return', "if (predicateType === '') return"],
    ['bundle-digest-not-compared', `${signing}/bundle.ts`, 'if (referrer.bundle.digest !== digestOf(bundle) || ', 'if ('],
  ]),
  ...caughtBy([`${signing}/policy.test.ts`], [
    ['policy-root-not-compared', `${signing}/policy.ts`, 'if (root.value.id !== rootId) return', "if (rootId === '') return"],
    ['older-policy-taken', `${signing}/policy.ts`, 'if (above !== undefined && policy.data.number <= above) return', 'if (above !== undefined && policy.data.number < 0) return'],
    ['scope-prefix-without-slash', `${signing}/policy.ts`, 'repository.startsWith(`${prefix}/`)', 'repository.startsWith(prefix)'],
    ['key-id-not-checked', `${signing}/policy.ts`, 'return keyIdOf(pem) === id;', 'return keyIdOf(pem) !== id || id.length > 0;'],
    ['key-role-not-looked-at', `${signing}/policy.ts`, 'return policy.keys.filter((key) => key.role === role)', 'return policy.keys.filter(() => role !== undefined)'],
  ]),
  ...caughtBy([`${signing}/judge.test.ts`], [
    ['signatures-not-judged', `${signing}/judge.ts`, 'const signers = judgeSignatures(evidence, scope);', 'const signers = accept(scope.keys);'],
    ['threshold-ignored', `${signing}/judge.ts`, 'if (signedBy.size >= scope.threshold) return', 'if (signedBy.size >= 1) return'],
    ['keys-of-other-scopes-count', `${signing}/judge.ts`, '.filter((key) => scope.keys.includes(key.id))', ''],
    ['manifest-digest-not-compared', `${signing}/judge.ts`, 'if (seen !== digest) return', "if (seen === '') return"],
    ['counter-floor-ignored', `${signing}/judge.ts`, 'if (counter < floor.counter) return', 'if (counter < 0) return'],
    ['one-counter-two-releases', `${signing}/judge.ts`, 'if (counter === floor.counter && digest !== floor.digest) return', 'if (counter < 0) return'],
    ['asks-in-two-spellings', `${signing}/judge.ts`, 'if (canonicalJson(value) !== text) throw', "if (canonicalJson(value) === '') throw"],
  ]),
  ...caughtBy([`${oci}/manifest.test.ts`], [
    ['manifest-that-is-an-index-too', `${oci}/manifest.ts`, `manifests: z.undefined('"manifests" and "layers" in one document').optional(),`, 'manifests: z.unknown().optional(),'],
    ['config-of-another-layer', `${oci}/manifest.ts`, 'if (layerDigests.length !== 1 || layerDigests[0] !== layer.digest) throw', 'if (layerDigests.length !== 1) throw'],
  ]),
  ...caughtBy([`${oci}/pull.test.ts`], [
    ['pulled-manifest-not-compared', `${oci}/pull.ts`, "if (ref.includes(':') && digest !== ref) throw", "if (ref.includes(':') && digest === '') throw"],
    ['pulled-blob-not-compared', `${oci}/pull.ts`, 'if (seen !== blob.digest) throw', "if (seen === '') throw"],
    ['blob-without-an-end', `${oci}/pull.ts`, 'if (seenBytes > sizeBytes) throw', 'if (seenBytes < 0) throw'],
    ['password-follows-a-redirect', `${oci}/transport.ts`, 'const trusted = url.origin === origin.origin;', "const trusted = url.origin !== '';"],
    ['password-over-plain-http', `${oci}/transport.ts`, "if (credentials && url.protocol === 'http:' && !loopback) throw", "if (credentials && url.protocol === 'ftp:' && !loopback) throw"],
  ]),
  ...caughtBy(['shared/src/capability/grant.test.ts'], [
    ['grant-check-skipped', 'shared/src/capability/grant.ts', 'if (first) return refuse(', 'if (first && rule.asks === undefined) return refuse('],
    ['binding-mode-not-compared', 'shared/src/capability/grant.ts', 'if (!binding.modes.includes(ask.mode)) return', 'if (binding.modes.length === 0) return'],
    ['policy-capabilities-ignored', 'shared/src/capability/grant.ts', "if (!allowed.includes('gpio')) return", "if (allowed === undefined) return"],
    ['reserved-line-granted', 'shared/src/capability/grant.ts', 'if (reserved.some((line) => line.chip === at.chip && line.line === at.line)) return', 'if (reserved === undefined) return'],
    ['reserved-port-granted', 'shared/src/capability/grant.ts', 'if (reservedPorts.includes(binding.path)) return', 'if (reservedPorts === undefined) return'],
    ['policy-without-serial-ignored', 'shared/src/capability/grant.ts', "if (!allowed.includes('serial')) return", 'if (allowed === undefined) return'],
    ['safe-state-upside-down', 'shared/src/capability/grant.ts', "? 'high' : 'low';", "? 'low' : 'high';"],
    ['folder-larger-than-bound', 'shared/src/capability/grant.ts', 'maxBytes: Math.min(ask.maxBytes, binding.maxBytes)', 'maxBytes: ask.maxBytes'],
  ]),
  ...caughtBy(['shared/src/tls/pinned.test.ts'], [
    ['server-of-any-authority', 'shared/src/tls/pinned.ts', 'if (!authority.ca || !leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return', 'if (!authority.ca) return'],
    ['server-with-a-device-certificate', 'shared/src/tls/pinned.ts', 'if (leaf.ca || !(leaf.keyUsage ?? []).includes(serverAuth)) return', 'if (leaf.ca) return'],
    ['server-of-another-name', 'shared/src/tls/pinned.ts', 'return named === undefined ?', "return named === '' ?"],
  ]),
  ...caughtBy([`${oci}/hostile.test.ts`], [
    ['registry-that-drips', `${oci}/pace.ts`, 'if (now.seenBytes < pace.windowBytesMin) throw', 'if (now.seenBytes < 0) throw'],
    ['patience-without-end', `${oci}/transport.ts`, 'put < delays.max ? delayOf(request, response) : undefined', 'put < 1_000 ? delayOf(request, response) : undefined'],
  ]),
  ...caughtBy(['shared/src/core/json.test.ts'], [
    ['duplicate-json-keys', 'shared/src/core/json.ts', 'if (Object.hasOwn(out, key)) this.#fail(', "if (key === '\\0') this.#fail("],
    ['json-without-depth', 'shared/src/core/json.ts', "if (depth >= depthMax && (next === '{' || next === '['))", "if (depth < 0 && (next === '{' || next === '['))"],
  ]),
  ...caughtBy(['shared/src/selector/selector.test.ts'], [
    ['selector-drops-not', 'shared/src/selector/matches.ts', 'return !matches(selector.part, device);', 'return matches(selector.part, device);'],
    ['selector-quotes-not-escaped', 'shared/src/selector/text.ts', "value.replace(/[\"\\\\]/g, '\\\\$&')", 'value'],
    ['selector-without-depth', 'shared/src/selector/parse.ts', 'if (depth > depthMax) throw', 'if (depth < 0) throw'],
    ['or-before-and', 'shared/src/selector/parse.ts', "return joined(reader, 'or', () => allOf(reader, depth));", "return joined(reader, 'and', () => joined(reader, 'or', () => one(reader, depth)));"],
  ]),
  ...caughtBy(['shared/src/core/bounded.test.ts'], [['queue-without-limit', 'shared/src/core/bounded.ts', 'if (this.#items.length > this.limit) {', 'if (this.limit < 0) {']]),
  ...caughtBy(['shared/src/wire/order.test.ts'], [['order-without-generation', 'shared/src/wire/order.ts', 'return a.gen - b.gen || a.boot', 'return a.boot']]),
  ...caughtBy(['shared/src/wire/topics.test.ts'], [['topic-injection', 'shared/src/wire/topics.ts', "value === '' || /[/+#\\0]/.test(value)) throw", "value === '') throw"]]),
  ...caughtBy(['shared/src/process/lifeline.test.ts'], [['lifeline-not-watched', 'shared/src/process/lifeline.ts', "pipe.once('end', cut);", '']]),
  ...caughtBy(['shared/src/disk/durable.test.ts'], [
    ['fsync-skipped', 'shared/src/disk/durable.ts', 'await file.sync();', ''],
    ['folder-fsync-skipped', 'shared/src/disk/durable.ts', 'await folder.sync();', ''],
  ]),
];
