import { type NamedFault, caughtBy } from './named-fault.ts';

const command = 'agent/src/command';
const run = 'agent/src/run';
const resources = 'agent/src/run/resources';
const sandbox = 'agent/src/run/sandbox';
const store = 'agent/src/store';

/** Faults in the device: what it takes, verifies, keeps, runs, and how it leaves its lines. */
export const agentFaults: readonly NamedFault[] = [
  ...caughtBy([`${command}/inbox.test.ts`], [
    ['unsigned-command-taken', `${command}/rules.ts`, "if (verbs[verb].readOnly || policy.unsignedCommands === 'allow') return accept(true);", 'return accept(true);'],
    ['stale-number-taken', `${command}/rules.ts`, 'if (highest !== undefined && signed.number < highest - staleMs) return', 'if (signed.number < 0) return'],
    ['forgotten-number-taken', `${command}/rules.ts`, 'if (floor !== undefined && signed.number <= floor) return', 'if (floor !== undefined && signed.number < 0) return'],
    ['command-for-another-device-taken', `${command}/rules.ts`, 'if (signed.device !== device) return', "if (signed.device === '') return"],
    ['retained-command-taken', `${command}/inbox.ts`, 'if (retained) return', 'if (retained && payload.byteLength === 0) return'],
    ['dedupe-off', `${command}/inbox.ts`, 'if (known) return this.#tellAgain(known);', ''],
    ['journal-entry-after-acting', `${command}/inbox.ts`, 'this.#deps.store.journal.put(next, this.#deps.clock.nowMs());', 'queueMicrotask(() => this.#deps.store.journal.put(next, this.#deps.clock.nowMs()));'],
    ['key-number-not-kept', `${command}/inbox.ts`, 'if (signed) store.numbers.raiseKey(signed.keyId, signed.number);', ''],
    ['commands-without-limit', `${command}/inbox.ts`, 'if (this.#inHand.size >= inHandMax) return', 'if (this.#inHand.size < 0) return'],
    ['interruption-not-told', `${command}/inbox.ts`, 'for (const entry of this.#deps.store.journal.unfinished()) {', 'for (const entry of this.#deps.store.journal.unfinished().slice(0, 0)) {'],
  ]),
  ...caughtBy([`${command}/desired.test.ts`], [
    ['desired-rev-not-compared', `${command}/desired.ts`, 'if (desired.rev <= heldRev) return', 'if (desired.rev < 0) return'],
    ['desired-for-another-device-taken', `${command}/desired.ts`, 'if (desired.device !== own.device) return', "if (own.device === '') return"],
    ["thief's-rev-counts-for-ever", `${command}/desired.ts`, "...keysOf(policy, 'scheduler').map(({ id }) => revs[id] ?? 0)", '...Object.values(revs)'],
    ['desired-signed-by-any-key', `${command}/desired.ts`, "keys: keysOf(own.policy, 'scheduler')", "keys: [...keysOf(own.policy, 'scheduler'), ...own.policy.keys]"],
  ]),
  ...caughtBy(['agent/src/verify/verifier.test.ts'], [
    ['verdict-ignored', 'agent/src/verify/verifier.ts', 'if (!verdict.ok) return verdict;', "if (!verdict.ok) return accept(certify({ ...parseArtifactManifest(documents.manifest), ...ref, version: '1.0.0', counter: 1, asks: {}, limits: {}, signedBy: [], capabilities: [] } as never));"],
    ['release-of-another-app-taken', 'agent/src/verify/verifier.ts', 'if (verdict.value.app !== ref.app) return', "if (ref.app === '') return"],
    ['floor-not-given-to-the-judge', 'agent/src/verify/verifier.ts', 'floor: store.numbers.floor(ref.app),', ''],
    ['successor-policy-not-kept', 'agent/src/verify/trust.ts', "store.settings.set('policy', envelope as Envelope);", ''],
  ]),
  ...caughtBy([`${store}/blobs.test.ts`], [
    ['digest-not-compared', `${store}/blobs.ts`, 'if (seen !== want.digest) throw', "if (want.digest.length === 0) throw"],
    ['bytes-on-disk-believed', `${store}/blobs.ts`, 'if (seen === digest) return bytes;', 'return bytes;'],
    ['blob-larger-than-declared', `${store}/blobs.ts`, 'if (seenBytes > want.sizeBytes) throw', 'if (seenBytes < 0) throw'],
    ['blob-fsync-skipped', `${store}/blobs.ts`, 'await file.sync();', ''],
    ['blob-name-fsync-skipped', `${store}/blobs.ts`, 'await syncFolder(folder);', ''],
    ['blob-half-written-kept', `${store}/blobs.ts`, 'if (name.startsWith(partial)) await rm(', "if (name === '') await rm("],
  ]),
  ...caughtBy([`${store}/store.test.ts`], [
    ['commits-not-synced', `${store}/database.ts`, 'pragma synchronous = full;', 'pragma synchronous = off;'],
    ['state-readable-by-others', `${store}/database.ts`, 'chmodSync(path, 0o600);', 'chmodSync(path, 0o644);'],
    ['two-agents-in-one-folder', `${store}/database.ts`, "pragma locking_mode = exclusive; begin exclusive", 'pragma locking_mode = exclusive'],
    ['transaction-kept-in-part', `${store}/database.ts`, "if (file.isTransaction) watched(() => file.exec('rollback'));", "if (file.isTransaction) watched(() => file.exec('commit'));"],
    ['floor-falls', `${store}/apps.ts`, ' where excluded.counter > counter`', '`'],
    ['key-number-falls', `${store}/apps.ts`, 'set number = max(number, excluded.number)', 'set number = excluded.number'],
    ['outbox-forgets-more-than-acknowledged', `${store}/outbox.ts`, 'where gen = ? and boot = ? and seq = ?', 'where gen = ? and boot = ? and seq <> ?'],
    ['journal-forgets-what-runs', `${store}/journal.ts`, "const isOver = `phase in (${finals.map(() => '?').join(', ')})`;", "const isOver = `(phase is not null or phase in (${finals.map(() => '?').join(', ')}))`;"],
    ['numbers-of-the-forgotten-not-kept', `${store}/journal.ts`, '`insert into key_floor (key, number) select signer, max(number) from journal where ${which} and signer', '`insert into key_floor (key, number) select signer, min(number) from journal where ${which} and signer'],
  ]),
  ...caughtBy([`${run}/plan.test.ts`], [
    ['failed-release-tried-for-ever', `${run}/plan.ts`, "return progress.state === 'refused' && goal.rev !== progress.rev;", 'return goal.rev !== progress.rev;'],
    ['never-proven-release-adopted', `${run}/plan.ts`, 'if (isGood && actual.running?.digest === goal.digest) return', 'if (actual.running?.digest === goal.digest) return'],
    ['held-app-started', `${run}/plan.ts`, 'if (hold?.attempt === goal.attempt) return', 'if (hold?.deployed && hold.attempt === goal.attempt) return'],
    ['hold-outlives-a-new-attempt', `${run}/plan.ts`, 'if (hold?.attempt === goal.attempt) return', 'if (hold) return'],
    ['hold-without-end', `${run}/plan.ts`, "if (hold?.isOver) return [{ do: 'release' }];", ''],
  ]),
  ...caughtBy([`${run}/health.test.ts`], [
    ['soak-0', `${run}/health.ts`, 'clock.after(rule.soakS * 1_000, () => {', 'clock.after(0, () => {'],
    ['missing-beat-unnoticed', `${run}/health.ts`, 'sick(`the guest gave no beat for ${beatS} s`)', 'beatS'],
    ['missing-ready-unnoticed', `${run}/health.ts`, 'isReady || sick(', 'isReady || String('],
  ]),
  ...caughtBy([`${run}/apps.test.ts`], [
    ['floor-not-raised', `${run}/outcome.ts`, 'deps.store.numbers.raiseFloor(slot.app, { counter, digest });', ''],
    ['import-gate-not-asked', `${run}/program.ts`, 'if (!admitted.ok) return admitted;', ''],
    ['corruption-is-not-a-refusal', `${run}/perform.ts`, 'if (!again && offered.has(fault.code)) return refused(', 'if (!again && fault.code === undefined) return refused('],
  ]),
  ...caughtBy([`${run}/guests.test.ts`], [
    ['safe-state-skipped', `${run}/life.ts`, 'for (const fault of await lines.makeSafe()) {', 'for (const fault of [] as Fault[]) {'],
    ['line-floats-between-guests', `${resources}/lines.ts`, 'if (park && floats && !board.gone.aborted) return await park.put', 'if (park && floats && board.gone.aborted) return await park.put'],
    ['withdrawn-consent-unnoticed', `${run}/slot.ts`, "consent: same ? 'same' : 'changed'", "consent: same ? 'same' : 'same'"],
    ['failed-soak-goes-on', `${run}/supervisor.ts`, "if (run.soakS !== undefined && code !== 'board-gone') return this.#failed(", 'if (run.soakS !== undefined && run.soakS < 0) return this.#failed('],
  ]),
  ...caughtBy([`${resources}/leases.test.ts`], [
    ['lease-ignored', `${resources}/leases.ts`, 'if (holder && holder.app !== app) return', "if (holder?.app === '') return"],
    ['port-under-two-names', `${resources}/leases.ts`, '[...new Set([name, real])]', '[name]'],
    ['lease-freed-while-still-held', `${resources}/leases.ts`, 'if (held?.count === 0) holders.delete(key);', 'holders.delete(key);'],
  ]),
  ...caughtBy([`${sandbox}/gate/gate.test.ts`], [
    ['import-of-another-type', `${sandbox}/gate/admit.ts`, 'if (expected !== signature) return', "if (expected === '') return"],
    ['memory-cap-not-rewritten', `${sandbox}/gate/cap.ts`, 'return [1, ...leb(min), ...leb(Math.min(max ?? pagesMax, pagesMax))];', 'return max === undefined ? [0, ...leb(min)] : [1, ...leb(min), ...leb(max)];'],
    ['gate-reads-past-the-end', `${sandbox}/gate/reader.ts`, 'if (size > this.end - this.at) throw', 'if (size < 0) throw'],
  ]),
  ...caughtBy([`${sandbox}/guest/output.test.ts`], [
    ['output-not-bounded', `${sandbox}/guest/output.ts`, 'part.subarray(0, this.#bytes.take(part.byteLength))', 'part'],
    ['a-message-for-each-line', `${sandbox}/guest/output.ts`, 'if (pending.dropped > 0 || pending.endsLine) this.#flush(stream, this.#messages);', 'if (pending.dropped > 0 || pending.endsLine) this.#flush(stream);'],
  ]),
  ...caughtBy([`${sandbox}/ring.test.ts`], [['lost-edges-not-told', `${sandbox}/ring.ts`, 'record.lost + this.#pendingLost', 'record.lost']]),
  ...caughtBy(['test/contract/runner.test.ts'], [
    ['import-gate-lets-unknown-through', `${sandbox}/gate/admit.ts`, 'if (expected === undefined) return', 'if (expected === undefined) return undefined; else if (module.length < 0) return'],
    ['gpio-without-a-grant', `${sandbox}/gate/admit.ts`, 'if (needed && grant[needed.kind].length === 0) return', 'if (needed && grant[needed.kind].length < 0) return'],
    ['memory-cap-not-applied', `${sandbox}/compiled.ts`, 'WebAssembly.compile(capModule(wasm, memoryMb))', 'WebAssembly.compile(Uint8Array.from(wasm))'],
    ['path-leaves-its-folder', `${sandbox}/guest/volume.ts`, "if (part === '..' && out.pop() === undefined) fail('notcapable');", "if (part === '..') out.push(part);"],
    ['symbolic-link-followed', `${sandbox}/guest/volume.ts`, 'lstatSync, mkdirSync,', 'statSync as lstatSync, mkdirSync,'],
    ['quota-off', `${sandbox}/guest/volume.ts`, 'return Math.max(0, this.#maxBytes - this.#usedBytes);', 'return Math.max(this.#maxBytes, Number.MAX_SAFE_INTEGER);'],
    ['output-of-the-guest-not-limited', `${sandbox}/guest/host-gpio.ts`, 'if (slot.writes.take(1) === 0) throw', 'if (slot.writes.take(1) < 0) throw'],
    ['input-driven', `${sandbox}/guest/host-gpio.ts`, "if (ask.mode !== 'out') throw", "if (ask.mode !== 'out' && ask.mode !== 'in') throw"],
    ['closed-output-left-on', `${sandbox}/guest/host-gpio.ts`, "if (slot.line.ask.mode === 'out') this.#giveUp(slot);", ''],
    ['guest-not-terminated', `${sandbox}/worker-guest.ts`, 'await Promise.race([this.ended, over.promise]);', 'await this.ended;'],
    ['memory-not-bounded-by-its-length', `${sandbox}/guest/memory.ts`, 'if (at + size > buffer.byteLength) throw', 'if (at < 0) throw'],
  ]),
  ...caughtBy(['agent/src/link/enroll.test.ts'], [
    ['ca-fingerprint-not-compared', 'agent/src/link/enroll.ts', 'if (seen !== fingerprint) throw', "if (seen === '') throw"],
    ['policy-root-of-the-token-ignored', 'agent/src/link/enroll.ts', 'if (!policy.ok) throw', 'if (!policy.ok && policy.refusal === undefined) throw'],
    ['device-key-readable-by-others', 'shared/src/disk/durable.ts', 'mode = 0o600', 'mode = 0o644'],
    ['device-key-made-anew', 'agent/src/link/identity.ts', "return stored !== undefined && parsed(stored) !== undefined ? stored : await newKey(folder, 'key.pem');", "return await newKey(folder, 'key.pem');"],
  ]),
];
