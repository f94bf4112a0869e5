import type { SerialGrant } from '@pier/shared/capability';
import { type Clock, Fault, type Label, type Log } from '@pier/shared/core';
import type { SerialPort, SerialSettings } from '@pier/shared/hardware';
import { firstSettings, makeSerialBuffer, openSerialCell, packSettings, reason, serialWord, unpackSettings } from './serial-cell.ts';
import { SerialSender } from './serial-sender.ts';

/** The agent's end of a guest's serial port. The guest never waits for it: bytes pass through bounded rings of shared memory. One link serves one guest; disposing revokes the guest's right. */
export interface SerialLink extends Disposable {
  readonly label: Label;
  /** As the guest asked last; before that, the first of each list of the ask. */
  readonly settings: SerialSettings;
  /** From the port; what finds no room is counted for the guest as lost. Made to be handed on: `onData: link.take`. */
  readonly take: (bytes: Uint8Array) => void;
  /**
   * Gives the port the guest's settings, and sends it from then on what the guest writes. `signal` ends this call, not the attachment.
   * The port stays its opener's, who detaches it before closing it. Faults: those of `SerialPort.configure`, `interrupted` when detached meanwhile.
   */
  attach(port: SerialPort, signal: AbortSignal): Promise<void>;
  /** The port is gone: the guest sees "disconnected" until the next `attach`, and what it had written is dropped. */
  detach(): void;
  /** For the runner: what the guest's thread gets. */
  readonly shared: SharedArrayBuffer;
  /** For the runner: `wake` is called whenever the guest may find something new, until disposed. */
  connect(wake: () => void): Disposable;
  /** For the runner: the guest has rung. */
  heed(): void;
}

type Deps = { readonly clock: Clock; readonly log: Log };

export function createSerialLink(grant: SerialGrant, deps: Deps): SerialLink {
  return new SharedSerialLink(grant, deps);
}

class SharedSerialLink implements SerialLink {
  readonly label: Label;
  readonly shared = makeSerialBuffer();
  readonly #cell = openSerialCell(this.shared);
  readonly #deps: Deps;
  #sender: SerialSender | undefined;
  #wake = (): void => {};
  #isDisposed = false;

  constructor({ ask }: SerialGrant, deps: Deps) {
    this.label = ask.label;
    this.#deps = deps;
    this.#cell.words[serialWord.asked] = packSettings(firstSettings(ask));
    this.#cell.words[serialWord.status] = 1;
  }

  get settings(): SerialSettings {
    return unpackSettings(Atomics.load(this.#cell.words, serialWord.asked));
  }

  readonly take = (bytes: Uint8Array): void => {
    const lost = bytes.byteLength - this.#cell.rx.write(bytes);
    if (lost > 0) Atomics.add(this.#cell.words, serialWord.rxLost, lost);
    this.#wake();
  };

  async attach(port: SerialPort, signal: AbortSignal): Promise<void> {
    if (this.#isDisposed) throw new Fault('interrupted', `the link of "${this.label}" was disposed before ${port.path} was attached`);
    this.detach();
    const sender = new SerialSender({
      cell: this.#cell,
      port,
      clock: this.#deps.clock,
      onProgress: () => this.#wake(),
      onFailed: (fault) => this.#failed(port, fault),
      onWell: () => this.#show(true),
    });
    this.#sender = sender;
    try {
      await sender.configure(signal);
      if (sender.isOver) throw new Fault('interrupted', `${port.path} was detached from "${this.label}" before it was ready`);
    } catch (cause) {
      sender[Symbol.dispose]();
      throw cause;
    }
    this.#cell.tx.skipTo(this.#cell.tx.written);
    this.#show(true);
    void sender.run();
  }

  detach(): void {
    this.#sender?.[Symbol.dispose]();
    this.#sender = undefined;
    this.#show(false, 'absent');
  }

  connect(wake: () => void): Disposable {
    this.#wake = wake;
    // A guest before this one may have been ended between the bell and its message.
    this.heed();
    return {
      [Symbol.dispose]: () => {
        if (this.#wake === wake) this.#wake = () => {};
      },
    };
  }

  heed(): void {
    this.#sender?.heed();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#sender?.[Symbol.dispose]();
    this.#sender = undefined;
    // In one step: a guest that is woken between must not read that the port is merely away.
    this.#show(false, 'revoked');
  }

  #failed(port: SerialPort, fault: Fault): void {
    this.#deps.log.warn({ label: this.label, path: port.path, fault: fault.message }, 'serial.failed');
    this.#show(false, fault.code === 'port-gone' ? 'absent' : 'failed');
  }

  #show(isOpen: boolean, why: keyof typeof reason = 'absent'): void {
    const { words } = this.#cell;
    Atomics.store(words, serialWord.reason, reason[why]);
    if (((Atomics.load(words, serialWord.status) & 1) === 0) !== isOpen) Atomics.add(words, serialWord.status, 1);
    this.#wake();
  }
}
