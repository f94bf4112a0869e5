import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gpio } from 'onoff';
import { Fault, toFault } from '@pier/shared/core';
import type { Edge, Level, Line, LineRequest, WatchRequest } from '@pier/shared/hardware';
import { checkLine, needInput, needOpen, needOutput } from '../check-line.ts';
import { errnoOf, gpioRoot } from './chips.ts';
import { watchEdges } from './edges.ts';
import { type Site, folderOf, isExported } from './site.ts';

/** Udev gives a new line's files to a group a moment after they have appeared. */
const accessTimeoutMs = 5_000;
const accessLookMs = 5;

/**
 * Opens one line. Faults: `line-unknown`, `line-reserved`, `line-busy` naming the holder where it is an app of Pier,
 * `platform-unsupported` for a pull, `board-gone`, `hardware-fault`.
 */
export async function openLine(site: Site, request: LineRequest, signal: AbortSignal): Promise<Line> {
  signal.throwIfAborted();
  const { at, bias, consumer } = request;
  const number = numberOf(site, request);
  if (bias !== undefined && bias !== 'none') throw new Fault('platform-unsupported', `sysfs cannot pull line ${at.line} of ${at.chip} ${bias}; ask for no pull and use a resistor, or a kernel with the GPIO character device`);
  await using stack = new AsyncDisposableStack();
  exportLine(site, { at, number, consumer });
  stack.defer(() => unexportLine(site, number));
  await filesReady(site, { at, number }, signal);
  const gpio = makeGpio(site, { request, number });
  stack.defer(() => gpio.unexport());
  checkSetUp(site, { request, gpio });
  const valueFd = site.ask(at.chip, 'open the value of the line', () => openSync(join(folderOf(number), 'value'), 'r+'));
  stack.defer(() => closeSync(valueFd));
  // What is called off while sysfs is asked, which is done in one go, is called off all the same.
  await Promise.resolve();
  signal.throwIfAborted();
  return new SysfsLine({ site, request, gpio, valueFd, owned: stack.move() });
}

/** The number that the line has in this boot: its chip is looked up by label each time. */
function numberOf({ profile, gone, checkGone }: Site, { at }: LineRequest): number {
  if (gone.aborted) throw gone.reason;
  checkLine(profile, at);
  const chip = checkGone(at.chip);
  if (!chip) throw gone.reason;
  return chip.base + at.line;
}

type Place = { readonly at: LineRequest['at']; readonly number: number };

function exportLine({ exports, ask }: Site, { at, number, consumer }: Place & { readonly consumer: string }): void {
  // Whoever has it may have died since this board was opened.
  if (isExported(number)) ask(at.chip, 'take back what a dead agent has left', () => exports.sweep());
  if (isExported(number)) throw new Fault('line-busy', `line ${at.line} of ${at.chip} is held by ${holderOf(exports.consumerOf(number))}`);
  exports.add({ at, number, consumer });
  try {
    ask(at.chip, `export line ${at.line} of ${at.chip}`, () => writeFileSync(join(gpioRoot, 'export'), String(number)));
  } catch (thrown) {
    exports.remove(number);
    if (thrown instanceof Fault && errnoOf(thrown.cause) === 'EBUSY') throw new Fault('line-busy', `line ${at.line} of ${at.chip} is held by the kernel, or by a program that does not say so in sysfs`, {}, thrown);
    throw thrown;
  }
}

function holderOf(consumer: string | undefined): string {
  return consumer === undefined ? 'a program that exported it and is no agent of this folder' : `"${consumer}"`;
}

function unexportLine({ exports, gone }: Site, number: number): void {
  // What is exported of a board that is gone has gone with it. onoff may have been faster.
  if (!gone.aborted && isExported(number)) writeFileSync(join(gpioRoot, 'unexport'), String(number));
  exports.remove(number);
}

/** Waits without blocking, as onoff would: what it finds then is there. A line without interrupts has no file `edge`. */
async function filesReady({ clock, ask }: Site, { at, number }: Place, signal: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + accessTimeoutMs;
  for (const name of ['value', 'direction', 'active_low', 'edge']) {
    const isOptional = name === 'edge';
    const path = join(folderOf(number), name);
    while (!ask(at.chip, `give the line's file ${name}; such files belong to root or to the group "gpio"`, () => isOpen(path, { isOptional, isLast: clock.monotonicMs() > untilMs }))) await clock.sleep(accessLookMs, signal);
  }
}

function isOpen(path: string, { isOptional, isLast }: { isOptional: boolean; isLast: boolean }): boolean {
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch (cause) {
    if (isOptional && errnoOf(cause) === 'ENOENT') return true;
    if (isLast || !['EACCES', 'EPERM', 'ENOENT'].includes(errnoOf(cause))) throw cause;
    return false;
  }
}

/** Lets onoff set the line up: an output with its first level in the step that makes it one. */
function makeGpio({ Made, ask, lose }: Site, { request, number }: { readonly request: LineRequest; readonly number: number }): Gpio {
  const { at, direction, initial } = request;
  const gpio = ask(at.chip, `set line ${at.line} of ${at.chip} up`, () => new Made(number, direction === 'in' ? 'in' : initial === 1 ? 'high' : 'low', 'none', { activeLow: false }));
  const readSync = gpio.readSync.bind(gpio);
  let last: Level = 0;
  // Called by onoff when an interrupt comes, where nobody could catch what it throws; the end of a chip comes so too.
  gpio.readSync = () => {
    try {
      last = readSync();
    } catch (cause) {
      gpio.unwatchAll();
      lose(new Fault('board-gone', `line ${at.line} of ${at.chip} is gone while it was in use: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause));
    }
    return last;
  };
  return gpio;
}

/** onoff takes no notice of what fails on a line that was exported before, which each line is here. */
function checkSetUp({ ask }: Site, { request: { at, direction }, gpio }: { readonly request: LineRequest; readonly gpio: Gpio }): void {
  const is = ask(at.chip, 'say how the line is set up', () => ({ direction: gpio.direction(), activeLow: gpio.activeLow() }));
  if (is.direction === direction && !is.activeLow) return;
  throw new Fault('hardware-fault', `line ${at.line} of ${at.chip} did not become ${direction === 'in' ? 'an input' : 'an output'} that is active high; it is ${is.direction}, active ${is.activeLow ? 'low' : 'high'}`);
}

type Parts = { readonly site: Site; readonly request: LineRequest; readonly gpio: Gpio; readonly valueFd: number; readonly owned: AsyncDisposableStack };

class SysfsLine implements Line {
  readonly at: Line['at'];
  readonly direction: Line['direction'];
  readonly cell: Line['cell'];
  readonly #site: Site;
  readonly #gpio: Gpio;
  /** The line's descriptors and its export. */
  readonly #owned: AsyncDisposableStack;
  #watch: Disposable | undefined;
  #isClosed = false;

  constructor({ site, request, gpio, valueFd, owned }: Parts) {
    this.at = request.at;
    this.direction = request.direction;
    this.cell = { kind: 'file', valueFd };
    this.#site = site;
    this.#gpio = gpio;
    this.#owned = owned;
    site.lines.add(this);
  }

  async drive(to: Level | 'input', signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    needOpen(this, { gone: this.#site.gone, isClosed: this.#isClosed });
    needOutput(this);
    // A direction, not a value: so an output that was given up becomes one again with this level in the same step.
    this.#site.ask(this.at.chip, 'drive the line', () => this.#gpio.setDirection(to === 'input' ? 'in' : to === 1 ? 'high' : 'low'));
  }

  async watch(request: WatchRequest, onEdge: (edge: Edge) => void, signal: AbortSignal): Promise<AsyncDisposable> {
    signal.throwIfAborted();
    needOpen(this, { gone: this.#site.gone, isClosed: this.#isClosed });
    const named = `line ${this.at.line} of ${this.at.chip}`;
    needInput(this);
    if (this.#watch) throw new Fault('conflict', `${named} is watched already`);
    this.#watch = this.#site.ask(this.at.chip, `watch ${named}, as of a chip without interrupts`, () => watchEdges({ gpio: this.#gpio, request, clock: this.#site.clock, onEdge }));
    const mine = this.#watch;
    return {
      [Symbol.asyncDispose]: async () => {
        if (this.#watch === mine) this.#endWatch();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#site.lines.delete(this);
    try {
      await using _owned = this.#owned;
      this.#endWatch();
    } catch (cause) {
      // A file of a chip that is gone is closed all the same, whatever is said then (close(2)).
      if (!this.#site.gone.aborted && this.#site.checkGone(this.at.chip)) throw cause;
    }
  }

  #endWatch(): void {
    if (!this.#watch) return;
    this.#watch[Symbol.dispose]();
    this.#watch = undefined;
    try {
      this.#site.ask(this.at.chip, 'end a watch', () => this.#gpio.setEdge('none'));
    } catch (thrown) {
      // A chip that is gone raises no interrupts.
      if (toFault(thrown).code !== 'board-gone') throw thrown;
    }
  }
}
