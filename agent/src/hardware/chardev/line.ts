import { closeSync } from 'node:fs';
import { Fault, invariant, toFault } from '@pier/shared/core';
import type { BoardProfile, Edge, Level, Line, LineRequest, WatchRequest } from '@pier/shared/hardware';
import { checkLine, needInput, needOpen, needOutput } from '../check-line.ts';
import type { Chip } from './chips.ts';
import { type LineConfig, decodeInfo, decodeLineFd, encodeConfig, encodeInfo, encodeLevel, encodeRequest } from './codec.ts';
import { EdgeReader } from './edge-reader.ts';
import { requests } from './layout.ts';
import { consumerName, holderOf, inputConfig, outputConfig, requestConfig, watchConfig } from './plan.ts';
import type { Site } from './site.ts';

/** Edges that the kernel keeps for a reader who is busy; it drops the oldest beyond. */
const eventsMax = 256;

/** Makes a descriptor's reads end at once when there is nothing (FIONBIO, ioctl_tty(2)). */
const nonBlocking = { request: 0x5421, argument: Uint8Array.of(1, 0, 0, 0) } as const;

/** `held`: what is open of this board, which its end releases. */
type Place = { readonly site: Site; readonly profile: BoardProfile; readonly chips: readonly Chip[]; readonly held: Set<AsyncDisposable> };

/** Opens one line. Faults: `line-unknown`, `line-reserved`, `line-busy` naming the holder, `board-gone`, `hardware-fault`. */
export async function openLine({ site, profile, chips, held }: Place, request: LineRequest, signal: AbortSignal): Promise<Line> {
  signal.throwIfAborted();
  if (site.gone.aborted) throw site.gone.reason;
  const chip = findChip({ profile, chips }, request);
  const line = new CharLine({ site, chip, request, lineFd: requestLine(site, chip, request), held });
  // What is called off while the kernel is asked, which is done in one go, is called off all the same.
  await Promise.resolve();
  if (signal.aborted) await line[Symbol.asyncDispose]();
  signal.throwIfAborted();
  return line;
}

function findChip({ profile, chips }: Pick<Place, 'profile' | 'chips'>, { at }: LineRequest): Chip {
  checkLine(profile, at);
  const chip = chips.find(({ label }) => label === at.chip);
  invariant(chip, `chip ${at.chip} is in the profile and was not opened`);
  return chip;
}

function requestLine({ kernel: { ioctl, nameOf }, ask, checkGone, gone }: Site, chip: Chip, request: LineRequest): number {
  const { at, consumer } = request;
  const bytes = encodeRequest({ offset: at.line, consumer: consumerName(consumer), eventsMax: request.direction === 'in' ? eventsMax : 0, ...requestConfig(request) });
  const errno = ioctl(chip.fd, requests.GPIO_V2_GET_LINE_IOCTL, bytes);
  if (errno === 0) {
    const lineFd = decodeLineFd(bytes);
    try {
      ask(chip, { fd: lineFd, request: nonBlocking.request, what: 'let a line be read without waiting' }, nonBlocking.argument);
      return lineFd;
    } catch (thrown) {
      closeSync(lineFd);
      throw thrown;
    }
  }
  checkGone(chip);
  if (gone.aborted) throw gone.reason;
  if (nameOf(errno) === 'EBUSY') throw new Fault('line-busy', `line ${at.line} of ${at.chip} is held by ${holderOf(consumerOf(chip, { ioctl, offset: at.line }))}`);
  throw new Fault('hardware-fault', `the kernel does not open line ${at.line} of ${at.chip} as ${request.direction === 'in' ? 'an input' : 'an output'}${request.bias === undefined || request.bias === 'none' ? '' : ` with pull ${request.bias}`}: ${nameOf(errno)}`, { errno: nameOf(errno) });
}

function consumerOf(chip: Chip, { ioctl, offset }: { readonly ioctl: Site['kernel']['ioctl']; readonly offset: number }): string {
  const bytes = encodeInfo(offset);
  return ioctl(chip.fd, requests.GPIO_V2_GET_LINEINFO_IOCTL, bytes) === 0 ? decodeInfo(bytes).consumer : '';
}

class CharLine implements Line {
  readonly at: Line['at'];
  readonly direction: Line['direction'];
  readonly cell: Line['cell'];
  readonly #site: Site;
  readonly #chip: Chip;
  readonly #bias: LineRequest['bias'];
  readonly #lineFd: number;
  readonly #reader: EdgeReader;
  readonly #held: Place['held'];
  #isOutput: boolean;
  #isClosed = false;

  constructor({ site, chip, request, lineFd, held }: Pick<Place, 'site' | 'held'> & { chip: Chip; request: LineRequest; lineFd: number }) {
    this.at = request.at;
    this.direction = request.direction;
    this.cell = { kind: 'ioctl', lineFd };
    this.#site = site;
    this.#chip = chip;
    this.#bias = request.bias;
    this.#lineFd = lineFd;
    this.#isOutput = request.direction === 'out';
    this.#reader = new EdgeReader({ lineFd, pollers: site.pollers, onFailed: () => site.checkGone(chip) });
    this.#held = held;
    held.add(this);
  }

  async drive(to: Level | 'input', signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    needOpen(this, { gone: this.#site.gone, isClosed: this.#isClosed });
    needOutput(this);
    if (to === 'input') this.#configure(inputConfig(this.#bias), 'turn the line into an input');
    else if (this.#isOutput) this.#site.ask(this.#chip, { fd: this.#lineFd, request: requests.GPIO_V2_LINE_SET_VALUES_IOCTL, what: 'drive the line' }, encodeLevel(to));
    else this.#configure(outputConfig(this.#bias, to), 'turn the line into an output');
    this.#isOutput = to !== 'input';
  }

  async watch(request: WatchRequest, onEdge: (edge: Edge) => void, signal: AbortSignal): Promise<AsyncDisposable> {
    signal.throwIfAborted();
    needOpen(this, { gone: this.#site.gone, isClosed: this.#isClosed });
    needInput(this);
    await this.#reader.start(onEdge, () => this.#configure(watchConfig(this.#bias, request), `watch the edges of line ${this.at.line} of ${this.at.chip}`));
    let isOver = false;
    return {
      [Symbol.asyncDispose]: async () => {
        if (isOver || this.#isClosed) return;
        isOver = true;
        this.#endWatch();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#held.delete(this);
    this.#reader.stop();
    closeSync(this.#lineFd);
  }

  #endWatch(): void {
    this.#reader.stop();
    try {
      this.#configure(inputConfig(this.#bias), 'end a watch');
    } catch (thrown) {
      // The edges of a chip that is gone are over.
      if (toFault(thrown).code !== 'board-gone') throw thrown;
    }
  }

  #configure(config: LineConfig, what: string): void {
    this.#site.ask(this.#chip, { fd: this.#lineFd, request: requests.GPIO_V2_LINE_SET_CONFIG_IOCTL, what }, encodeConfig(config));
  }
}
