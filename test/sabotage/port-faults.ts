import { type NamedFault, caughtBy } from './named-fault.ts';

const run = 'agent/src/run';
const sandbox = 'agent/src/run/sandbox';
const report = 'agent/src/report';

/** Faults in what a device may use and tells: holds by hand, late failures, serial ports, samples, leases. */
export const portFaults: readonly NamedFault[] = [
  ...caughtBy([`${run}/holds.test.ts`], [
    ['hold-without-end-after-a-reboot', `${run}/apps.ts`, 'slot.holdTimer.restart();', ''],
    ['deploy-by-hand-becomes-last-good', `${run}/outcome.ts`, "if (hold?.kind === 'deployed' && hold.digest === artifact.digest) return slot.update({", "if (hold?.kind === 'deployed' && hold.digest === artifact.digest) becomesGood(slot, { artifact, progress: { attempt: hold.attempt, digest: artifact.digest, rev: 0 } }, deps); else if (hold?.kind === 'deployed' && hold.digest === '') return slot.update({"],
    ['failed-deploy-by-hand-stays', `${run}/by-hand.ts`, 'slot.update({ hold: before });', ''],
  ]),
  ...caughtBy([`${run}/hold-timer.test.ts`], [['reboot-lengthens-a-hold', `${run}/hold-timer.ts`, 'return hold && { ...hold, leftMs: hold.leftMs - this.#passedMs() };', 'return hold;']]),
  ...caughtBy([`${run}/regression.test.ts`], [
    ['sick-release-stays-proven', `${run}/regression.ts`, 'return this.#endsMs.length >= lateRegression.crashesMax;', 'return this.#endsMs.length < 0;'],
    ['pulled-cable-counts-against-the-release', `${run}/regression.ts`, 'if (!bad.has(code)) return false;', ''],
  ]),
  ...caughtBy([`${run}/returns.test.ts`], [
    ['regressed-release-runs-on', `${run}/outcome.ts`, 'const change = previousGood && lastGood?.digest === digest ?', "const change = previousGood && lastGood?.digest === '' ?"],
    ['last-output-missing', `${run}/outcome.ts`, 'lastOutput: [...lastOutput],', 'lastOutput: [],'],
    ['last-good-forgotten', `${run}/outcome.ts`, 'previousGood: lastGood && lastGood.digest !== digest ? lastGood : previousGood,', 'previousGood: null,'],
  ]),
  ...caughtBy(['agent/src/verify/verifier.test.ts'], [
    ['own-release-is-a-downgrade', 'agent/src/verify/verifier.ts', '[record?.lastGood, record?.previousGood].find(', '[record?.lastGood].find('],
    ['any-older-release-is-own', 'agent/src/verify/verifier.ts', '.find((release) => release?.digest === digest)?.digest;', '.map(() => digest)[0];'],
    ['app-taken-by-another-scope', 'agent/src/verify/verifier.ts', 'if (held && ours !== undefined && ours !== theirs) {', "if (held && ours === '') {"],
  ]),
  ...caughtBy(['agent/src/hardware/serial-device.test.ts'], [
    ['any-device-is-a-port', 'agent/src/hardware/serial-device.ts', "stat.isCharacterDevice() ? notSerial(stat.rdev) : 'it is no character device'", "stat.isCharacterDevice() ? undefined : 'it is no character device'"],
    ['file-is-a-port', 'agent/src/hardware/serial-device.ts', "stat.isCharacterDevice() ? notSerial(stat.rdev) : 'it is no character device'", 'stat.isCharacterDevice() ? notSerial(stat.rdev) : undefined'],
  ]),
  ...caughtBy([`${sandbox}/serial-link.test.ts`], [
    ['bytes-for-the-port-before', `${sandbox}/serial-link.ts`, 'this.#cell.tx.skipTo(this.#cell.tx.written);', ''],
    ['arrival-wakes-nobody', `${sandbox}/serial-link.ts`, "this.#cell.words, serialWord.rxLost, lost);", "this.#cell.words, serialWord.rxLost, lost); else return;"],
  ]),
  ...caughtBy([`${sandbox}/byte-ring.test.ts`], [['ring-overruns-its-reader', `${sandbox}/byte-ring.ts`, 'const part = bytes.subarray(0, this.room);', 'const part = bytes.subarray(0, this.#bytes.byteLength);']]),
  ...caughtBy([`${run}/resources/ports.test.ts`], [
    ['one-port-under-two-labels', `${run}/resources/ports.ts`, 'if (twin) throw', 'if (twin && real.length === 0) throw'],
    ['pulled-cable-not-looked-for', `${run}/resources/port-keeper.ts`, 'await this.#reopen();', 'undefined;'],
  ]),
  ...caughtBy([`${report}/tails.test.ts`], [
    ['lease-without-end', `${report}/tails.ts`, 'if (lease.untilMs <= nowMs || !trace) ', 'if (!trace) '],
    ['lease-cuts-the-next-short', `${report}/tails.ts`, 'known.untilMs = untilMs;', ''],
    ['lost-lines-not-told', `${report}/tails.ts`, 'const lost = lease.lost + first.n - lease.sentN - 1;', 'const lost = lease.lost;'],
  ]),
  ...caughtBy(['test/contract/runner.test.ts'], [
    ['lost-bytes-not-counted', `${sandbox}/serial-link.ts`, 'if (lost > 0) Atomics.add(', 'if (lost < 0) Atomics.add('],
    ['withdrawn-port-still-works', `${sandbox}/serial-link.ts`, "this.#show(false, 'revoked');", "this.#show(false, 'absent');"],
    ['settings-that-nobody-agreed-to', `${sandbox}/guest/host-serial.ts`, 'baud: ask.baud.find((one) => one === baud),', 'baud,'],
    ['serial-bytes-without-limit', `${sandbox}/guest/host-serial.ts`, 'slot.writes.take(room)', 'room'],
    ['bytes-from-before-the-guest', `${sandbox}/guest/host-serial.ts`, 'slot.cell.rx.skipTo(slot.cell.rx.written);', ''],
    ['samples-of-a-guest-without-limit', `${sandbox}/guest/host-telemetry.ts`, '&& series.rate.take(1) === 1', ''],
    ['wait-for-a-closed-handle', `${sandbox}/guest/host-serial.ts`, 'isReady: () => !isMine() || isReady(),', 'isReady: () => isMine() && isReady(),'],
    ['waiting-guest-not-woken', `${sandbox}/thread.ts`, 'Atomics.notify(words, control.wake);', ''],
  ]),
];
