/** Every MQTT topic of Pier, built and parsed in this one place. */
import { Fault } from '../core/index.ts';

type Names<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}` ? Names<Head> | Names<Rest> : Pattern extends `:${infer Name}` ? Name : never;

export type Topic<Pattern extends string> = {
  /** With `+` for each parameter: for subscriptions. */
  readonly filter: string;
  /** The topic for these values; faults `input-invalid` when a value could not stand in one level. */
  of(values: Readonly<Record<Names<Pattern>, string>>): string;
  /** The values in a topic, or undefined when it is another topic. */
  parse(topic: string): Record<Names<Pattern>, string> | undefined;
};

export function topic<const Pattern extends string>(pattern: Pattern): Topic<Pattern> {
  const levels = pattern.split('/');
  return {
    filter: levels.map((level) => (level.startsWith(':') ? '+' : level)).join('/'),
    of: (values) => levels.map((level) => (level.startsWith(':') ? segment(level.slice(1), new Map(Object.entries(values)).get(level.slice(1))) : level)).join('/'),
    parse: (name) => parse(levels, name),
  };
}

function segment(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || /[/+#\0]/.test(value)) throw new Fault('input-invalid', `topic level "${name}" may not be empty or hold "/", "+", "#" or NUL, got ${JSON.stringify(value)}`);
  return value;
}

function parse(levels: readonly string[], name: string): Record<string, string> | undefined {
  const parts = name.split('/');
  if (parts.length !== levels.length) return undefined;
  const out: Record<string, string> = {};
  for (const [index, level] of levels.entries()) {
    const part = parts[index] ?? '';
    if (level.startsWith(':')) {
      if (part === '') return undefined;
      out[level.slice(1)] = part;
    } else if (part !== level) return undefined;
  }
  return out;
}

export const topics = {
  presence: topic('pier/v1/d/:device/up/presence'),
  reported: topic('pier/v1/d/:device/up/reported'),
  commandState: topic('pier/v1/d/:device/up/cmd/:id'),
  event: topic('pier/v1/d/:device/up/event'),
  pins: topic('pier/v1/d/:device/up/pins'),
  log: topic('pier/v1/d/:device/up/log/:app'),
  telemetry: topic('pier/v1/d/:device/up/tel/:app'),
  desired: topic('pier/v1/d/:device/down/desired'),
  ack: topic('pier/v1/d/:device/down/ack'),
  command: topic('pier/v1/d/:device/down/cmd'),
  pinsLease: topic('pier/v1/d/:device/down/pins'),
  logLease: topic('pier/v1/d/:device/down/logs'),
  telemetryLease: topic('pier/v1/d/:device/down/tel'),
  manager: topic('pier/v1/m/:replica'),
} as const;

/** Prefixes that the access rules are made of (docs/protocol.md, "Who may say what"). */
export const upFilterOf = (device: string): string => `pier/v1/d/${device}/up/#`;
export const downFilterOf = (device: string): string => `pier/v1/d/${device}/down/#`;
export const everyUpFilter = 'pier/v1/d/+/up/#';

/** Largest payload that any Pier message may have, and what the broker cuts off at. */
export const payloadBytesMax = 64 << 10;
export const packetBytesMax = 256 << 10;
