import { type NamedFault, caughtBy } from './named-fault.ts';

const access = 'manager/src/access';
const broker = 'manager/src/broker';
const enroll = 'manager/src/enroll';
const registry = 'manager/src/registry';

/** Faults in the manager's doors: who may say what, whom it lets in, whose word it keeps. */
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
    ['expired-session-kept', `${broker}/open-broker.ts`, 'const isExpired = peer.notAfterMs <= nowMs;', 'const isExpired = nowMs < 0;'],
  ]),
  ...caughtBy([`${broker}/traffic.test.ts`], [
    ['frame-guard-off', `${broker}/connection.ts`, 'if (wrong === undefined) return chunk;', 'if (chunk !== undefined) return chunk;'],
    ['publish-not-judged', `${broker}/hooks.ts`, 'if (wrong !== undefined) return done(cutOff(', "if (wrong === '') return done(cutOff("],
    ['publishing-without-end', `${broker}/hooks.ts`, "if (peer.identity.kind !== 'manager' && !session.bucket.take()) return", "if (peer.identity.kind !== 'manager' && session.bucket === undefined) return"],
  ]),
  ...caughtBy([`${enroll}/rules.test.ts`], [
    ['token-used-twice', `${enroll}/rules.ts`, 'if (token.uses >= token.usesMax) return', 'if (token.uses < 0) return'],
    ['expired-token-taken', `${enroll}/rules.ts`, 'if (token.expiresAt.getTime() <= nowMs) return', 'if (nowMs < 0) return'],
  ]),
  ...caughtBy([`${enroll}/enroll.test.ts`], [
    ['token-use-not-counted', `${enroll}/store.ts`, 'sql`${claimToken.uses} + 1`', 'sql`${claimToken.uses}`'],
    ['enrolment-not-idempotent', `${enroll}/enroll.ts`, 'if (known) return welcomeBack(tx, deps, { known, token, verdict, asked });', ''],
    ['waiting-device-gets-a-certificate', `${enroll}/enroll.ts`, 'if (token.approval) {', 'if (token.approval && token.uses < 0) {'],
    ['revoked-device-let-in-again', `${enroll}/decisions.ts`, "if (state !== 'pending') throw", "if (state === '') throw"],
    ['revoked-device-stays-connected', `${enroll}/revocations.ts`, 'onRevoked(id);', ''],
    ['expired-token-lets-back-in', `${enroll}/enroll.ts`, "if (!letIn && !verdict.ok && verdict.refusal.code !== 'token-used') throw", 'if (!letIn && known.id === undefined) throw'],
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
    ['two-scopes-for-one-app', 'manager/src/artifact/judge.ts', 'if (judged.refusal !== undefined || rival === undefined) return judged;', "if (judged.refusal !== undefined || rival !== '') return judged;"],
    ['withdrawn-release-comes-back', 'manager/src/artifact/register.ts', "before?.state === 'withdrawn' || (before?.state", "(before?.state"],
    ['one-counter-for-two-artifacts', 'manager/src/artifact/register.ts', 'if (rival !== undefined) throw conflictWith(', "if (rival?.id === '') throw conflictWith("],
    ['releases-not-judged-again', 'manager/src/artifact/store.ts', 'const stale = or(isNull(release.policyNumber), ne(release.policyNumber, policyNumber));', 'const stale = isNull(release.policyNumber);'],
  ]),
  ...caughtBy([`${access}/access.test.ts`, `${access}/rules.test.ts`], [
    ['csrf-check-off', `${access}/rules.ts`, "return method === 'GET' || method === 'HEAD' || secFetchSite === 'same-origin';", 'return method.length > 0 || secFetchSite === undefined;'],
    ['any-password', `${access}/door.ts`, 'if ((await secret.matches(password, found?.password)) && found !== undefined) {', 'if (found !== undefined) {'],
    ['token-above-its-user', `${access}/token-store.ts`, 'role: lesserRole(row.role, row.userRole),', 'role: row.role,'],
    ['session-without-end', `${access}/store.ts`, 'and(eq(session.hash, hash), gt(session.expiresAt, now))', 'eq(session.hash, hash)'],
    ['sign-in-guessed-for-ever', `${access}/door.ts`, 'if (attempts.blocked(key)) throw', "if (key === '') throw"],
    ['viewer-may-push', `${access}/rules.ts`, "return mayUse(actor.role, 'operator') ? 'push' : 'pull';", "return mayUse(actor.role, 'viewer') ? 'push' : 'pull';"],
  ]),
  ...caughtBy([`${access}/people.test.ts`], [
    ['token-above-its-maker', `${access}/token-routes.ts`, 'if (!mayUse(actor.role, role)) throw', "if (actor.name === '') throw"],
    ['token-outlives-its-maker', `${access}/token-routes.ts`, 'Math.min(wanted ?? Infinity, actor.until?.getTime() ?? Infinity)', 'wanted ?? Infinity'],
    ['tokens-of-others-shown', `${access}/token-routes.ts`, "return mayUse(actor.role, 'admin') ? undefined : actor.name;", "return actor.name === '' ? actor.name : undefined;"],
    ['last-administrator-removed', `${access}/user-store.ts`, 'isLastAdmin: admins.length === 1 &&', 'isLastAdmin: admins.length === 0 &&'],
    ['session-outlives-its-password', `${access}/user-routes.ts`, 'isLess || password !== undefined ? await endSessions', 'isLess ? await endSessions'],
    ['lesser-user-keeps-tokens', `${access}/user-routes.ts`, 'await endTokensAbove(tx, name, role);', "await endTokensAbove(tx, name, 'admin');"],
  ]),
  ...caughtBy(['manager/src/audit/answers.test.ts'], [
    ['request-key-for-another-request', 'manager/src/audit/answers.ts', 'if (row.route !== asked.route || row.requestHash !== asked.hash) throw', 'if (row.route !== asked.route) throw'],
    ['secret-answer-kept', 'manager/src/audit/answers.ts', 'asked.mayKeep(body) ? { body } : null', '{ body }'],
    ['failure-kept-as-an-answer', 'manager/src/audit/answers.ts', 'await db.delete(idempotency).where(mine).catch(lost);', ''],
  ]),
  ...caughtBy(['manager/src/audit/changes.test.ts'], [
    ['change-missed-by-its-id', 'manager/src/audit/tail.ts', '(audit.xid, audit.id) > (${from.xid}::bigint, ${from.id}::bigint)', 'audit.id > ${from.id}::bigint'],
    ['change-told-before-its-turn', 'manager/src/audit/tail.ts', 'sql`xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint`', 'sql`true`'],
  ]),
  ...caughtBy(['manager/src/http/app.test.ts'], [
    ['change-without-a-revision', 'manager/src/http/precondition.ts', 'if (header === undefined) throw', "if (header === undefined) return undefined; else if (header === '') throw"],
    ['permission-check-off', 'manager/src/http/bind.ts', 'if (!mayUse(actor.role, permission)) throw', "if (actor.name === '') throw"],
    ['nobody-may-everything', 'manager/src/http/bind.ts', 'permit(actor, definition);', ''],
    ['foreign-host-answered', 'manager/src/http/guard.ts', 'if (!allowed.has(host)) throw', 'if (allowed.size === 0) throw'],
  ]),
  ...caughtBy(['manager/src/listener/listener.test.ts'], [
    ['bad-certificate-taken-for-none', 'manager/src/listener/open-listener.ts', "if (shown.kind === 'refused') return", "if (shown.kind === 'refused' && shown.reason === '') return"],
    ['revoked-device-served', 'manager/src/listener/open-listener.ts', "if (shown.kind === 'device' && isRevoked(shown.device, shown.serial)) return", "if (shown.kind === 'device' && shown.serial === '') return"],
    ['strange-certificate-renewed-when-expired', 'manager/src/listener/certificate.ts', 'leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && ', ''],
    ['device-pushes', `${registry}/access.ts`, "return who.kind === 'user' && who.may === 'push';", "return who.kind !== 'anonymous';"],
  ]),
  ...caughtBy(['manager/src/enroll/renew.test.ts'], [
    ['key-that-was-given-up-let-in', 'manager/src/enroll/device-keys.ts', 'retired.has(keyId) ?', "keyId === '' ?"],
    ['renewed-after-the-grace', 'manager/src/enroll/renew.ts', 'if (endMs <= nowMs) throw', 'if (endMs <= 0) throw'],
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
