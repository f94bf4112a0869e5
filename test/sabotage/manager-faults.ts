import { type NamedFault, caughtBy } from './named-fault.ts';

const access = 'manager/src/access';
const broker = 'manager/src/broker';
const device = 'manager/src/device';
const enroll = 'manager/src/enroll';
const registry = 'manager/src/registry';
const rollout = 'manager/src/rollout';

/** Faults in the manager: who may say what, whom it lets in, what it offers and what it counts as done. */
export const managerFaults: readonly NamedFault[] = [
  ...caughtBy([`${broker}/rules.test.ts`], [
    ['acl-allows-all', `${broker}/rules.ts`, 'if (!levels.every((level) => word.test(level))) return false;', 'return true;'],
    ['acl-lets-all-be-read', `${broker}/rules.ts`, 'return readable(who).some((allowed) => covers(allowed, filter));', "return filter !== '';"],
    ['device-speaks-for-another', `${broker}/rules.ts`, "return name === who.device && direction === 'up';", "return direction === 'up';"],
    ['operator-writes-desired', `${broker}/rules.ts`, '&& operatorDowns.has(kind)', ''],
  ]),
  ...caughtBy([`${broker}/frame-guard.test.ts`], [
    ['packet-length-not-looked-at', `${broker}/frame-guard.ts`, 'if (length > packetBytesMax) return', 'if (length < 0) return'],
    ['server-packets-taken', `${broker}/frame-guard.ts`, 'if (!clientKinds.has(kind)) return', 'if (kind < 0) return'],
  ]),
  ...caughtBy([`${broker}/admission.test.ts`], [
    ['foreign-client-id', `${broker}/admission.ts`, 'return clientId === peer.commonName ? clientId : undefined;', 'return clientId;'],
    ['will-on-a-foreign-topic', `${broker}/admission.ts`, 'if (!mayPublish(peer.identity, will.topic)) return', "if (will.topic === '') return"],
    ['certificate-not-verified', `${broker}/front-door.ts`, 'rejectUnauthorized: true,', 'rejectUnauthorized: false,'],
    ['revoked-device-let-in', `${broker}/hooks.ts`, 'if (isRevoked(peer.identity, peer.serial)) return', "if (peer.serial === '') return"],
    ['expired-session-kept', `${broker}/open-broker.ts`, 'if (peer.notAfterMs > nowMs) continue;', 'if (nowMs > 0) continue;'],
  ]),
  ...caughtBy([`${broker}/traffic.test.ts`], [
    ['frame-guard-off', `${broker}/connection.ts`, 'if (wrong === undefined) return chunk;', 'if (chunk !== undefined) return chunk;'],
    ['publish-not-judged', `${broker}/hooks.ts`, 'if (wrong !== undefined) return done(cutOff(', "if (wrong === '') return done(cutOff("],
    ['publishing-without-end', `${broker}/hooks.ts`, "if (peer.identity.kind !== 'manager' && !session.bucket.take()) return", "if (peer.identity.kind !== 'manager' && session.bucket === undefined) return"],
  ]),
  ...caughtBy([`${rollout}/rules.test.ts`], [
    ['report-of-an-old-attempt-counts', `${rollout}/rules.ts`, 'if (reported.attempt !== deployment.attempt || reported.digest', 'if (reported.digest'],
    ['report-of-another-artifact-counts', `${rollout}/rules.ts`, 'if (reported.attempt !== deployment.attempt || reported.digest !== deployment.digest) return', 'if (reported.attempt !== deployment.attempt) return'],
    ['deployment-goes-backward', `${rollout}/rules.ts`, 'if (!mayMove(deployment.state, reported.state)) return undefined;', ''],
    ['one-proven-is-success', `${rollout}/rules.ts`, 'if (bad.length === 0) return', 'if (bad.length < entries.length) return'],
  ]),
  ...caughtBy([`${rollout}/engine.test.ts`], [
    ['gate-passes', `${rollout}/engine.ts`, 'const covered = judged.filter(({ consent }) => consent.ok)', 'const covered = judged.filter(({ consent }) => consent !== undefined)'],
    ['rejected-release-offered', `${rollout}/engine.ts`, "if (locked.release.state !== 'verified') {", "if (locked.release.state === '') {"],
    ['goes-back-to-an-unverified-release', `${rollout}/store.ts`, "inArray(release.digest, [...digests]), eq(release.state, 'verified'))", 'inArray(release.digest, [...digests]))'],
    ['deadline-never-passes', `${rollout}/store.ts`, 'lt(deployment.deadlineAt, new Date(nowMs))', 'lt(deployment.deadlineAt, new Date(0))'],
  ]),
  ...caughtBy([`${rollout}/routes.test.ts`], [['rollout-of-a-rejected-release', `${rollout}/create.ts`, "if (release.state !== 'verified') throw", "if (release.state === undefined) throw"]]),
  ...caughtBy([`${device}/ingest.test.ts`], [
    ['message-for-another-device-taken', `${device}/ingest.ts`, "from.kind !== 'device' || from.device !== device.data)", "from.kind !== 'device')"],
    ['former-life-heard', `${device}/ingest.ts`, "standing?.state === 'active' && standing.generation === order.gen", "standing?.state === 'active'"],
    ['revoked-device-heard', `${device}/ingest.ts`, "standing?.state === 'active' && standing.generation", 'standing?.generation'],
    ['order-ignored', `${device}/store.ts`, '(${deviceState.gen}, ${deviceState.boot}, ${deviceState.seq}) < (${gen}, ${boot}, ${seq})', 'true'],
    ['late-heartbeat-counts', `${device}/store.ts`, '(${deviceLive.gen}, ${deviceLive.boot}, ${deviceLive.seq}) < (${gen}, ${boot}, ${seq})', 'true'],
    ['late-will-counts', `${device}/store.ts`, 'eq(deviceLive.conn, conn), ', ''],
  ]),
  ...caughtBy([`${device}/rules.test.ts`], [
    ['rev-below-the-device', `${device}/rules.ts`, 'Math.max(previous + 1, reported < reportedMax ? reported + 1 : 0, nowMs)', 'Math.max(previous + 1, nowMs)'],
    ['one-output-two-apps', `${device}/rules.ts`, 'if (rival) return', 'if (rival && labels < 0) return'],
    ['reserved-line-bound', `${device}/rules.ts`, 'if (found.reserved !== undefined) return', "if (found.reserved === '') return"],
  ]),
  ...caughtBy([`${device}/publisher.test.ts`], [['outbox-forgets-what-was-not-sent', `${device}/publisher.ts`, 'if (done.length > 0) await tx.delete(outbox).where(inArray(outbox.id, done));', 'await tx.delete(outbox);']]),
  ...caughtBy([`${enroll}/rules.test.ts`], [
    ['token-used-twice', `${enroll}/rules.ts`, 'if (token.uses >= token.usesMax) return', 'if (token.uses < 0) return'],
    ['expired-token-taken', `${enroll}/rules.ts`, 'if (token.expiresAt.getTime() <= nowMs) return', 'if (nowMs < 0) return'],
  ]),
  ...caughtBy([`${enroll}/enroll.test.ts`], [
    ['token-use-not-counted', `${enroll}/store.ts`, 'sql`${claimToken.uses} + 1`', 'sql`${claimToken.uses}`'],
    ['enrolment-not-idempotent', `${enroll}/enroll.ts`, 'if (known) return welcomeBack(tx, deps, { known, token, asked });', ''],
    ['revoked-key-enrols-again', `${enroll}/enroll.ts`, "if (known.state !== 'active') throw", "if (known.state === '') throw"],
    ['policy-given-to-strangers', `${enroll}/routes.ts`, 'if (device === undefined) throw', "if (device === '') throw"],
  ]),
  ...caughtBy(['manager/src/authority/authority.test.ts'], [
    ['key-of-somebody-else-certified', 'manager/src/authority/csr.ts', 'if (!(await isSelfSigned(request))) throw', 'if (request === undefined) throw'],
    ['key-file-mode-not-looked-at', 'manager/src/authority/key-file.ts', "if (mode & othersMask) throw new Fault('key-unusable', `the key file", "if (mode === 0) throw new Fault('key-unusable', `the key file"],
    ['private-key-readable-by-others', 'shared/src/disk/durable.ts', 'mode = 0o600', 'mode = 0o644'],
  ]),
  ...caughtBy(['manager/src/artifact/artifact.test.ts'], [
    ["stranger's-release-verified", 'manager/src/artifact/judge.ts', 'return { claims, signedBy: [], refusal: verdict.refusal, policyNumber: inForce.number };', 'return { claims, signedBy: [], refusal: undefined, policyNumber: inForce.number };'],
    ['policy-brings-its-own-root', 'manager/src/artifact/policy.ts', 'const rootId = before?.rootId ?? claimedRoot(envelope);', 'const rootId = claimedRoot(envelope);'],
    ['releases-not-judged-again', 'manager/src/artifact/store.ts', 'const stale = or(isNull(release.policyNumber), ne(release.policyNumber, policyNumber));', 'const stale = isNull(release.policyNumber);'],
  ]),
  ...caughtBy([`${access}/access.test.ts`, `${access}/rules.test.ts`], [
    ['csrf-check-off', `${access}/rules.ts`, "return method === 'GET' || method === 'HEAD' || secFetchSite === 'same-origin';", 'return method.length > 0 || secFetchSite === undefined;'],
    ['any-password', `${access}/access.ts`, 'if ((await secret.matches(password, found?.password)) && found !== undefined) {', 'if (found !== undefined) {'],
    ['token-above-its-user', `${access}/store.ts`, 'role: lesserRole(row.role, row.userRole) }', 'role: row.role }'],
    ['session-without-end', `${access}/store.ts`, 'and(eq(session.hash, hash), gt(session.expiresAt, now))', 'eq(session.hash, hash)'],
    ['sign-in-guessed-for-ever', `${access}/access.ts`, 'if (attempts.blocked(key)) throw', "if (key === '') throw"],
    ['viewer-may-push', `${access}/rules.ts`, "return mayUse(actor.role, 'operator') ? 'push' : 'pull';", "return mayUse(actor.role, 'viewer') ? 'push' : 'pull';"],
  ]),
  ...caughtBy(['manager/src/http/app.test.ts'], [
    ['permission-check-off', 'manager/src/http/bind.ts', 'if (!mayUse(actor.role, permission)) throw', "if (actor.name === '') throw"],
    ['nobody-may-everything', 'manager/src/http/bind.ts', 'permit(actor, definition);', ''],
    ['foreign-host-answered', 'manager/src/http/guard.ts', 'if (!allowed.has(host)) throw', 'if (allowed.size === 0) throw'],
  ]),
  ...caughtBy(['manager/src/listener/listener.test.ts'], [
    ['bad-certificate-taken-for-none', 'manager/src/listener/open-listener.ts', "if (shown.kind === 'refused') return", "if (shown.kind === 'refused' && shown.reason === '') return"],
    ['revoked-device-served', 'manager/src/listener/open-listener.ts', "if (shown.kind === 'device' && isRevoked(shown.device, shown.serial)) return", "if (shown.kind === 'device' && shown.serial === '') return"],
    ['device-pushes', `${registry}/access.ts`, "return who.kind === 'user' && who.may === 'push';", "return who.kind !== 'anonymous';"],
  ]),
  ...caughtBy([`${registry}/blobs.test.ts`], [
    ['blob-readable-in-another-repository', `${registry}/store.ts`, 'if ((await sizeIfThere(blobLink(repository, digest))) === undefined) return undefined;', ''],
    ['upload-not-hashed', `${registry}/uploads.ts`, "if (`sha256:${upload.hash.digest('hex')}` !== digest) {", "if (digest.length === 0) {"],
    ['upload-in-any-order', `${registry}/blob-requests.ts`, 'if (chunk && chunk.start === upload.sizeBytes &&', 'if (chunk &&'],
    ['upload-fsync-skipped', `${registry}/uploads.ts`, 'await file.sync();', ''],
  ]),
  ...caughtBy([`${registry}/manifests.test.ts`], [
    ['manifest-under-another-digest', `${registry}/manifest-requests.ts`, 'if (asked !== undefined && asked !== manifest.digest) return', "if (asked === manifest.mediaType) return"],
    ['manifest-with-parts-missing', `${registry}/manifest-requests.ts`, 'if (wanting) return wanting;', ''],
    ['manifest-of-two-types', `${registry}/manifest-rules.ts`, 'if (named !== undefined && named !== mediaType) throw', 'if (mediaType === undefined) throw'],
  ]),
  ...caughtBy(['manager/src/db/database.test.ts'], [
    ['postgres-without-death-signal', 'manager/src/db/embedded/server.ts', 'diesWithParent: true', 'diesWithParent: false'],
    ['two-managers-in-one-folder', 'manager/src/db/lock.ts', 'pragma busy_timeout = 1000; begin exclusive', 'pragma busy_timeout = 1000'],
    ['newer-schema-overwritten', 'manager/src/db/migrate.ts', 'if (theirs > ours) throw', 'if (theirs < 0) throw'],
  ]),
];
