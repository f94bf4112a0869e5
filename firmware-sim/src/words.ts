import { parseArgs } from 'node:util';
import { Fault } from '@pier/shared/core';
import { SerialFault, type SimOrder } from '@pier/shared/hardware';
import type { FleetWords } from './fleet/index.ts';
import type { SysfsOptions } from './sysfs/index.ts';

export type BoardWords = { readonly file: string; readonly dir: string; readonly ready: boolean; readonly sysfs: SysfsOptions | undefined };

/** What the command line asks for. */
export type Words =
  | ({ readonly verb: 'board' } & BoardWords)
  | { readonly verb: 'lines'; readonly dir: string; readonly json: boolean }
  | { readonly verb: 'ports'; readonly dir: string; readonly json: boolean }
  | { readonly verb: 'order'; readonly dir: string; readonly order: SimOrder }
  | ({ readonly verb: 'fleet' } & FleetWords);

export const usage =
  'board FILE --dir DIR [--sysfs MOUNTPOINT [--gpio-base N] [--slow-udev N]] [--ready json] | press DIR PART [--ms N] | set DIR LINE 0|1 | set DIR PART KEY=NUMBER… | lines DIR [-o json] | ports DIR [-o json] | plug DIR PORT | unplug DIR PORT | fault DIR PORT crc|silent|slow|partial|noise|none [--count N] | fleet --boards N --dir DIR --manager URL --token T [--behave KIND=PERCENT]… [--ready json]';

/** Faults: `input-invalid` with the usage. */
export function readWords(argv: readonly string[]): Words {
  const { values, positionals } = parse(argv);
  const { ready, output } = values;
  if (ready !== undefined && ready !== 'json') throw wrong(`--ready takes json, not "${ready}"`);
  if (output !== undefined && output !== 'json') throw wrong(`-o takes json, not "${output}"`);
  const [verb = '', ...rest] = positionals;
  const words = Object.hasOwn(verbs, verb) ? verbs[verb]?.(rest, values) : undefined;
  if (words === undefined) throw wrong(verb === '' ? 'no verb is given' : `"${positionals.join(' ')}" is not complete, or unknown`);
  return words;
}

type Values = ReturnType<typeof parse>['values'];

/** Each verb takes as many words as it needs, and gives undefined for fewer or more. */
const verbs: Readonly<Record<string, (rest: readonly string[], values: Values) => Words | undefined>> = {
  board: ([file, ...more], { dir, ready, ...values }) => (file === undefined || dir === undefined || more.length > 0 ? undefined : { verb: 'board', file, dir, ready: ready === 'json', sysfs: sysfsOf(values) }),
  press: ([dir, part, ...more], { ms = '100' }) => (dir === undefined || part === undefined || more.length > 0 ? undefined : order(dir, { op: 'press', part, ms: wholeOf(ms, { option: '--ms', max: 60_000 }) })),
  set: ([dir, name, ...given]) => (dir === undefined || name === undefined ? undefined : order(dir, setOrder(name, given))),
  fleet: (more, { boards, dir, manager, token, behave = [], ready }) => {
    if (boards === undefined || dir === undefined || manager === undefined || token === undefined || more.length > 0) return undefined;
    return { verb: 'fleet', boards: wholeOf(boards, { option: '--boards', max: 20_000 }), dir, manager, token, behave, ready: ready === 'json' };
  },
  lines: ([dir, ...more], { output }) => (dir === undefined || more.length > 0 ? undefined : { verb: 'lines', dir, json: output === 'json' }),
  ports: ([dir, ...more], { output }) => (dir === undefined || more.length > 0 ? undefined : { verb: 'ports', dir, json: output === 'json' }),
  plug: ([dir, port, ...more]) => (dir === undefined || port === undefined || more.length > 0 ? undefined : order(dir, { op: 'plug', port })),
  unplug: ([dir, port, ...more]) => (dir === undefined || port === undefined || more.length > 0 ? undefined : order(dir, { op: 'unplug', port })),
  fault: ([dir, port, kind, ...more], { count }) => {
    const fault = SerialFault.safeParse(kind);
    if (dir === undefined || port === undefined || !fault.success || more.length > 0) return undefined;
    return order(dir, { op: 'serialFault', port, fault: fault.data, ...(count === undefined ? {} : { count: wholeOf(count, { option: '--count', max: 1_000_000 }) }) });
  },
};

function order(dir: string, what: SimOrder | undefined): Words | undefined {
  return what && { verb: 'order', dir, order: what };
}

/** Where the pins are shown as the kernel shows them; Linux numbers them from 512 on since 6.6. */
function sysfsOf({ sysfs, 'gpio-base': base, 'slow-udev': slow }: Pick<Values, 'sysfs' | 'gpio-base' | 'slow-udev'>): SysfsOptions | undefined {
  if (sysfs === undefined && (base ?? slow) !== undefined) throw wrong('--gpio-base and --slow-udev go with --sysfs');
  if (sysfs === undefined) return undefined;
  return { dir: sysfs, base: base === undefined ? 512 : wholeOf(base, { option: '--gpio-base', max: 100_000 }), slowOpens: slow === undefined ? 0 : wholeOf(slow, { option: '--slow-udev', max: 100_000 }) };
}

/** Either a level for a line, or values for a part. */
function setOrder(name: string, given: readonly string[]): SimOrder | undefined {
  const [level] = given;
  if (given.length === 1 && (level === '0' || level === '1')) return { op: 'outside', line: name, level: level === '1' ? 1 : 0 };
  const pairs = given.map((word) => /^(\w+)=(-?\d+(?:\.\d+)?)$/.exec(word));
  if (given.length === 0 || pairs.some((pair) => pair === null)) return undefined;
  return { op: 'part', name, values: Object.fromEntries(pairs.flatMap((pair) => (pair?.[1] === undefined ? [] : [[pair[1], Number(pair[2])]]))) };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { 'dir': { type: 'string' }, 'sysfs': { type: 'string' }, 'gpio-base': { type: 'string' }, 'slow-udev': { type: 'string' }, 'ready': { type: 'string' }, 'ms': { type: 'string' }, 'count': { type: 'string' }, 'boards': { type: 'string' }, 'manager': { type: 'string' }, 'token': { type: 'string' }, 'behave': { type: 'string', multiple: true }, 'output': { type: 'string', short: 'o' } },
    });
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function wholeOf(text: string, { option, max }: { option: string; max: number }): number {
  const whole = Number(text);
  if (!Number.isInteger(whole) || whole < 1 || whole > max) throw wrong(`${option} takes 1 to ${max}, not "${text}"`);
  return whole;
}

function wrong(why: string, cause?: unknown): Fault {
  return new Fault('input-invalid', `${why}; known are: ${usage}`, {}, cause);
}
