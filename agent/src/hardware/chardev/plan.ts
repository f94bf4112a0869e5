/** What to ask of the kernel, and what its answers mean: pure. */
import type { Edge, Level, LineRequest, WatchRequest } from '@pier/shared/hardware';
import type { LineConfig, LineEvent } from './codec.ts';
import { constants } from './layout.ts';

type Bias = LineRequest['bias'];

const biases = { up: constants.GPIO_V2_LINE_FLAG_BIAS_PULL_UP, down: constants.GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN, none: 0 } as const;
const edges = {
  rising: constants.GPIO_V2_LINE_FLAG_EDGE_RISING,
  falling: constants.GPIO_V2_LINE_FLAG_EDGE_FALLING,
  both: constants.GPIO_V2_LINE_FLAG_EDGE_RISING | constants.GPIO_V2_LINE_FLAG_EDGE_FALLING,
} as const;

/** Without a bias the kernel leaves the pull as the chip has it. */
export function inputConfig(bias: Bias): LineConfig {
  return { flags: constants.GPIO_V2_LINE_FLAG_INPUT | biases[bias ?? 'none'] };
}

/** The level goes into the same step that makes the line an output: no glitch between. */
export function outputConfig(bias: Bias, level: Level): LineConfig {
  return { flags: constants.GPIO_V2_LINE_FLAG_OUTPUT | biases[bias ?? 'none'], level };
}

export function watchConfig(bias: Bias, watch: WatchRequest): LineConfig {
  const { flags } = inputConfig(bias);
  return { flags: flags | edges[watch.edges], ...(watch.debounceUs > 0 ? { debounceUs: watch.debounceUs } : {}) };
}

export function requestConfig({ direction, bias, initial }: LineRequest): LineConfig {
  return direction === 'in' ? inputConfig(bias) : outputConfig(bias, initial ?? 0);
}

const prefix = 'pier:';

/** As the kernel shows it to people and to other programs; it keeps 31 bytes. */
export function consumerName(app: string): string {
  return `${prefix}${app}`;
}

export function isOurs(consumer: string): boolean {
  return consumer.startsWith(prefix);
}

/** Who holds a line, in words. */
export function holderOf(consumer: string): string {
  if (consumer === '') return 'a program that gives no name';
  return isOurs(consumer) ? `"${consumer.slice(prefix.length)}"` : `"${consumer}", which is no app of Pier`;
}

/** How far a watch is: the number that it gave its last edge, and the kernel's number of that line's last event. */
export type Counted = { readonly seq: number; readonly lineSeq: number };

/** The kernel counts a line's events over 32 bits, those that it had to drop too; a new configuration may start it anew. */
export function countEvent(event: LineEvent, last: Counted): { readonly edge: Edge; readonly counted: Counted } {
  const ahead = (event.lineSeq - last.lineSeq) >>> 0;
  const step = ahead === 0 || ahead > 0x7fff_ffff ? event.lineSeq : ahead;
  const seq = last.seq + Math.max(1, step);
  return { edge: { tNs: event.tNs, seq, lost: seq - last.seq - 1, level: event.level }, counted: { seq, lineSeq: event.lineSeq } };
}
