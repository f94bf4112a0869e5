import { resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import * as z from 'zod';
import { check, toFault } from '@pier/shared/core';
import { type Verb, misused } from './usage.ts';

const Port = z.coerce.number('a port is a number').int().min(0).max(65_535).default(0);
const Host = z.string().regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i, 'a host is a DNS name or an IPv4 address, without a port');

/** Takes back the public hosts of earlier starts. */
const noHost = 'none';

const DatabaseUrl = z.string().regex(/^postgres(?:ql)?:\/\//, 'DATABASE_URL begins with postgres://').optional();

const Config = z.strictObject({
  dataDir: z.string('--data DIR is needed').min(1).transform((path) => resolve(path)),
  /** 0: the port of the first start, or any free one. */
  httpPort: Port,
  devicePort: Port,
  mqttPort: Port,
  /** Names under which boards and people reach this machine; none of them is loopback alone, not said is as at the start before. */
  publicHosts: z
    .array(Host)
    .max(16)
    .refine((hosts) => hosts.length === 1 || !hosts.includes(noHost), `"${noHost}" stands alone: it takes every name away`)
    .transform((hosts) => hosts.filter((host) => host !== noHost))
    .optional(),
  /** Holds one folder for each simulated board that people may drive through the API. */
  simulatorDir: z.string().min(1).transform((path) => resolve(path)).optional(),
  /** Free space on the data folder's disk below which nothing large is taken any more. */
  diskReserveMb: z.coerce.number('a number of megabytes').int().min(0).max(1 << 20).default(256),
  /** How long a device's certificate lasts; it is renewed after two thirds of that. Parts of a day are for tests. */
  deviceCertificateDays: z.coerce.number('a number of days').min(0.0001).max(3_650).default(730),
  /** For how long after its end a device's certificate can still be renewed without a person. */
  certificateGraceDays: z.coerce.number('a number of days').min(0).max(3_650).default(90),
  printCredentials: z.boolean().default(false),
  ready: z.literal('json', 'the only form of the ready line is "json"').optional(),
  databaseUrl: DatabaseUrl,
});
export type Config = Readonly<z.infer<typeof Config>>;

const kept = { dataDir: Config.shape.dataDir, databaseUrl: DatabaseUrl, output: z.literal('json', 'the other form of output is "json"').optional() };
const fileOf = (option: string) => z.string(`${option} FILE is needed`).min(1, `${option} FILE is needed`).transform((path) => resolve(path));
const BackupConfig = z.strictObject({ ...kept, to: fileOf('--to'), withoutBlobs: z.boolean().default(false) });
const RestoreConfig = z.strictObject({ ...kept, from: fileOf('--from'), force: z.boolean().default(false) });

/** What the manager's process was asked to do. */
export type Asked =
  | ({ readonly verb: 'start' } & { readonly config: Config })
  | ({ readonly verb: 'backup' } & { readonly config: Readonly<z.infer<typeof BackupConfig>> })
  | ({ readonly verb: 'restore' } & { readonly config: Readonly<z.infer<typeof RestoreConfig>> });

type Env = Readonly<Record<string, string | undefined>>;

/** The command line, whatever its verb. Faults: `input-invalid` listing everything that is wrong, with the usage. */
export function readCommand(argv: readonly string[], env: Env): Asked {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const output = { type: 'string', short: 'o' } as const;
  const databaseUrl = env['DATABASE_URL'] || undefined;
  if (argv[0] === 'backup') {
    const { data, to, output: form, 'without-blobs': withoutBlobs } = valuesOf(argv, { data: text, to: text, output, 'without-blobs': flag }, 'backup');
    return { verb: 'backup', config: checked(BackupConfig, { dataDir: data, to, output: form, withoutBlobs, databaseUrl }, 'backup') };
  }
  if (argv[0] === 'restore') {
    const { data, from, output: form, force } = valuesOf(argv, { data: text, from: text, output, force: flag }, 'restore');
    return { verb: 'restore', config: checked(RestoreConfig, { dataDir: data, from, output: form, force, databaseUrl }, 'restore') };
  }
  return { verb: 'start', config: readConfig(argv, env) };
}

/** Options alone, after the verb; words between them are mistakes. */
function valuesOf<const O extends ParseArgsOptionsConfig>(argv: readonly string[], options: O, verb: Verb) {
  try {
    return parseArgs({ args: argv.slice(1), options }).values;
  } catch (cause) {
    // What follows the first sentence is advice for who writes such programs.
    throw misused((cause instanceof Error ? cause.message : String(cause)).replace(/\. To specify .*/s, ''), { verb, cause });
  }
}

function checked<T extends z.ZodType>(schema: T, given: unknown, verb: Verb): z.output<T> {
  try {
    return check(schema, given, { what: 'command line' });
  } catch (cause) {
    throw misused(toFault(cause).message, { verb, cause });
  }
}

/** The configuration from a command line and the environment. Faults: as `readCommand`. */
export function readConfig(argv: readonly string[], env: Env): Config {
  if (argv[0] !== 'start') throw misused(argv[0] === undefined ? "no verb is given; the manager's verbs are start, backup and restore" : `the manager's verbs are start, backup and restore, not "${argv[0]}"`);
  const text = { type: 'string' } as const;
  const values = valuesOf(
    argv,
    { data: text, 'http-port': text, 'device-port': text, 'mqtt-port': text, 'public-host': { type: 'string', multiple: true }, simulator: text, 'disk-reserve': text, 'device-certificate-days': text, 'certificate-grace-days': text, 'print-credentials': { type: 'boolean' }, ready: text },
    'start',
  );
  const given = {
    dataDir: values.data,
    httpPort: values['http-port'],
    devicePort: values['device-port'],
    mqttPort: values['mqtt-port'],
    publicHosts: values['public-host'],
    simulatorDir: values.simulator,
    diskReserveMb: values['disk-reserve'],
    deviceCertificateDays: values['device-certificate-days'],
    certificateGraceDays: values['certificate-grace-days'],
    printCredentials: values['print-credentials'],
    ready: values.ready,
    databaseUrl: env['DATABASE_URL'] || undefined,
  };
  return Object.freeze(checked(Config, given, 'start'));
}
