import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { Fault, check } from '@pier/shared/core';

export const usage = 'usage: pier manager start --data DIR [--http-port N] [--device-port N] [--mqtt-port N] [--public-host NAME]… [--simulator DIR] [--print-credentials] [--ready json]';

const Port = z.coerce.number('a port is a number').int().min(0).max(65_535).default(0);
const Host = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a host is a DNS name or an IPv4 address, without a port');

const Config = z.strictObject({
  dataDir: z.string('--data DIR is needed').min(1).transform((path) => resolve(path)),
  /** 0: the port of the first start, or any free one. */
  httpPort: Port,
  devicePort: Port,
  mqttPort: Port,
  /** Names under which boards and people reach this machine; without any, everything stays on loopback. */
  publicHosts: z.array(Host).max(16).default([]),
  /** Holds one folder for each simulated board that people may drive through the API. */
  simulatorDir: z.string().min(1).transform((path) => resolve(path)).optional(),
  printCredentials: z.boolean().default(false),
  ready: z.literal('json', 'the only form of the ready line is "json"').optional(),
  databaseUrl: z.string().regex(/^postgres(?:ql)?:\/\//, 'DATABASE_URL begins with postgres://').optional(),
});
export type Config = Readonly<z.infer<typeof Config>>;

/** The configuration from a command line and the environment. Faults: `input-invalid` listing everything that is wrong. */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const { values, positionals } = parse(argv);
  if (positionals.length !== 1 || positionals[0] !== 'start') throw new Fault('input-invalid', `the manager knows one verb, "start", not "${positionals.join(' ')}"; ${usage}`);
  const given = {
    dataDir: values.data,
    httpPort: values['http-port'],
    devicePort: values['device-port'],
    mqttPort: values['mqtt-port'],
    publicHosts: values['public-host'],
    simulatorDir: values.simulator,
    printCredentials: values['print-credentials'],
    ready: values.ready,
    databaseUrl: env['DATABASE_URL'] || undefined,
  };
  return Object.freeze(check(Config, given, { what: 'configuration' }));
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { data: text, 'http-port': text, 'device-port': text, 'mqtt-port': text, 'public-host': { type: 'string', multiple: true }, simulator: text, 'print-credentials': { type: 'boolean' }, ready: text },
    });
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}; ${usage}`, {}, cause);
  }
}
