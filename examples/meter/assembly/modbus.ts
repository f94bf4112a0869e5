import { Interest, Serial, Waiter, app, errors, monotonicNs } from "pier";
import { Frame, judge, requestBytes, valueOf, writeRequest } from "./frame";

const answerWithinMs = 500;
/** Longer than the 3.5 characters that end a frame, at any rate that meters use. */
const silenceMs = 50;
/** Well longer than a first question is waited for before it is asked again: once one answer has come, the other has come by then. */
const lateMs = 1_000;
const drainWithinMs = 3_000;
const unit: u8 = 1;

/** How a question to the meter ended. */
export enum Outcome {
  Answered,
  Silent,
  Broken,
  WrongUnit,
  WrongLength,
  Late,
  Refused,
  Disconnected,
  Stopped,
}

/** A meter on a serial line: asks for one float at a time, once more when the answer was no good. */
export class Modbus {
  /** What the meter answered last. */
  value: f32 = 0;
  /** A question was not answered in time; its answer may still come, and does not say what it answers. */
  private isOwing: bool = false;
  private readonly request: Uint8Array = new Uint8Array(requestBytes);
  private readonly answer: Uint8Array = new Uint8Array(64);
  private readonly readable: Waiter;
  private readonly writable: Waiter;
  private readonly changed: Waiter;
  private readonly stop: Waiter;

  constructor(private readonly port: Serial) {
    const stop = app.subscribeStop();
    this.readable = new Waiter([port.subscribe(Interest.Read), stop]);
    this.writable = new Waiter([port.subscribe(Interest.Write), stop]);
    this.changed = new Waiter([port.subscribe(Interest.Status), stop]);
    this.stop = new Waiter([stop]);
  }

  read(register: u16): Outcome {
    let outcome = this.sure(register);
    if (!isWorthRetrying(outcome)) return outcome;
    this.drain(silenceMs);
    outcome = this.sure(register);
    if (isWorthRetrying(outcome)) this.drain(silenceMs);
    return outcome;
  }

  /** Waits until the port comes or goes, or the stop is asked for. */
  awaitPort(ms: i32): void {
    if (!this.port.connected) this.changed.wait(ms);
  }

  /** Waits, or less when the stop is asked for. */
  pauseUntil(dueNs: u64): void {
    this.stop.wait(msUntil(dueNs));
  }

  /** An answer counts only when it can be that to this question. */
  private sure(register: u16): Outcome {
    const outcome = this.once(register);
    if (outcome == Outcome.Silent) this.isOwing = true;
    if (outcome != Outcome.Answered || !this.isOwing) return outcome;
    this.isOwing = false;
    return this.drain(lateMs) > 0 ? Outcome.Late : outcome;
  }

  private once(register: u16): Outcome {
    while (this.port.read(this.answer) > 0) {}
    writeRequest(this.request.dataStart, unit, register);
    const dueNs = monotonicNs() + <u64>answerWithinMs * 1_000_000;
    for (let sent = 0; sent < requestBytes; ) {
      const taken = this.port.write(this.request, sent);
      if (taken > 0) sent += taken;
      else if (taken != errors.wouldBlock) return Outcome.Disconnected;
      else if (this.writable.wait(msUntil(dueNs)) == 0) return Outcome.Silent;
      if (app.stopRequested()) return Outcome.Stopped;
    }
    return this.hear(dueNs);
  }

  private hear(dueNs: u64): Outcome {
    let length = 0;
    while (true) {
      const got = this.port.read(this.answer, length);
      if (got > 0) length += got;
      else if (got != errors.wouldBlock) return got == 0 ? Outcome.WrongLength : Outcome.Disconnected;
      const frame = judge(this.answer.dataStart, length, unit);
      if (frame != Frame.Unfinished) return this.outcomeOf(frame);
      const ready = this.readable.wait(msUntil(dueNs));
      if (app.stopRequested()) return Outcome.Stopped;
      if (ready == 0) return length == 0 ? Outcome.Silent : Outcome.WrongLength;
    }
  }

  private outcomeOf(frame: Frame): Outcome {
    if (frame == Frame.BadCrc) return Outcome.Broken;
    if (frame == Frame.WrongUnit) return Outcome.WrongUnit;
    if (frame == Frame.WrongLength) return Outcome.WrongLength;
    if (frame == Frame.Exception) return Outcome.Refused;
    this.value = valueOf(this.answer.dataStart);
    return isFinite(this.value) ? Outcome.Answered : Outcome.Broken;
  }

  /** After a frame that was no good nobody knows where the next one begins: reads until the line is silent, and says how much it was. */
  private drain(forMs: i32): i32 {
    const dueNs = monotonicNs() + <u64>drainWithinMs * 1_000_000;
    let dropped = 0;
    do {
      for (let got = this.port.read(this.answer); got > 0; got = this.port.read(this.answer)) dropped += got;
    } while (this.readable.wait(forMs) > 0 && monotonicNs() < dueNs && this.port.connected && !app.stopRequested());
    return dropped;
  }
}

function isWorthRetrying(outcome: Outcome): bool {
  return outcome != Outcome.Answered && outcome != Outcome.Disconnected && outcome != Outcome.Stopped;
}

function msUntil(dueNs: u64): i32 {
  const nowNs = monotonicNs();
  return nowNs >= dueNs ? 0 : <i32>((dueNs - nowNs) / 1_000_000) + 1;
}
