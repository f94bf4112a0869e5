import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LineRef } from '@pier/shared/capability';
import { Fault } from '@pier/shared/core';
import { boardChoice } from './hardware/index.ts';

export type StartConfig = {
  readonly folder: string;
  readonly manager: string;
  readonly token: string | undefined;
  /** Where the token was read from. */
  readonly tokenFile: string | undefined;
  readonly board: string;
  readonly reserve: readonly LineRef[];
  readonly mirror: string | undefined;
  readonly name: string | undefined;
  readonly ready: boolean;
};

export type SafeConfig = Pick<StartConfig, 'folder' | 'board' | 'reserve'>;

export type RunConfig = {
  readonly file: string;
  readonly board: string | undefined;
  readonly grantFile: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number | undefined;
  readonly timeoutS: number | undefined;
  readonly args: readonly string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

export const usage = `usage: agent start --data DIR --manager URL [--board auto|chardev|sysfs|sim:DIR] [--reserve CHIP:LINE,…] [--token T | --token-file F] [--mirror URL] [--name N] [--ready json]
       agent safe --data DIR [--board …]   drives the outputs of an agent that died to their safe levels
       agent run FILE.wasm [--board …] [--grant FILE] [--env K=V]… [--memory MB] [--timeout S] [-- args…]`;

const startOptions = { data: 'string', manager: 'string', token: 'string', 'token-file': 'string', board: 'string', reserve: 'string', mirror: 'string', name: 'string', ready: 'string' } as const;

/** Options of `start`, each also as a variable PIER_…; the option wins. Faults: `input-invalid` listing everything that is wrong. */
export function startConfig(argv: readonly string[], environment: Environment): StartConfig {
  const values = parsed(argv, startOptions).values;
  const of = (name: string): string | undefined => valueOf(name, values, environment);
  const problems: string[] = [];
  const needed = (name: string): string => of(name) ?? missing(name, problems);
  const url = (name: string, text: string | undefined, protocols: readonly string[]): string | undefined => {
    if (text === undefined || text === '') return text;
    if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return new URL(text).origin;
    problems.push(`--${name} is ${protocols.map((one) => `${one}//host:port`).join(' or ')}, got "${text}"`);
    return text;
  };
  const ready = of('ready');
  if (ready !== undefined && ready !== 'json') problems.push(`--ready takes "json", got "${ready}"`);
  const board = boardOf(of('board') ?? 'auto', problems);
  const config = {
    folder: needed('data'),
    manager: url('manager', needed('manager'), ['https:']) ?? '',
    token: tokenOf(of, problems),
    tokenFile: of('token') === undefined ? of('token-file') : undefined,
    board,
    reserve: reserveOf(of('reserve') ?? '', problems),
    mirror: url('mirror', of('mirror'), ['http:', 'https:']),
    name: of('name'),
    ready: ready === 'json',
  };
  return checked(config, problems);
}

/**
 * Takes the words of `start` and looks at three of them, so that whoever started an agent repeats its line. What is damaged in
 * `reserve` keeps no other line from becoming safe. Faults: as `startConfig`.
 */
export function safeConfig(argv: readonly string[], environment: Environment): SafeConfig {
  const { values } = parsed(argv, startOptions);
  const problems: string[] = [];
  const config = { folder: valueOf('data', values, environment) ?? missing('data', problems), board: boardOf(valueOf('board', values, environment) ?? 'auto', problems), reserve: reserveOf(valueOf('reserve', values, environment) ?? '', []) };
  return checked(config, problems);
}

/** The whole of it, or a Fault that lists everything that is wrong with it. */
function checked<C extends object>(config: C, problems: readonly string[]): Readonly<C> {
  if (problems.length > 0) throw new Fault('input-invalid', `${problems.join('; ')}\n${usage}`);
  return Object.freeze(config);
}

function missing(name: string, problems: string[]): string {
  problems.push(`--${name} is needed`);
  return '';
}

function valueOf(name: string, values: Parsed['values'], environment: Environment): string | undefined {
  return values.get(name)?.[0] ?? environment[`PIER_${name.toUpperCase().replaceAll('-', '_')}`];
}

function boardOf(board: string, problems: string[]): string {
  if (!boardChoice.test(board)) problems.push(`--board is auto, chardev, sysfs or sim:DIR, got "${board}"`);
  return board;
}

/** Chip label and line offset; a label may hold colons. */
function reserveOf(text: string, problems: string[]): readonly LineRef[] {
  return text.split(',').flatMap((one) => {
    if (one === '') return [];
    const at = one.lastIndexOf(':');
    const ref = LineRef.safeParse({ chip: one.slice(0, Math.max(0, at)), line: /^\d+$/.test(one.slice(at + 1)) ? Number(one.slice(at + 1)) : undefined });
    if (!ref.success) problems.push(`--reserve is CHIP:LINE,…, such as pinctrl-rp1:14,pinctrl-rp1:15; got "${one}"`);
    return ref.success ? [ref.data] : [];
  });
}

function tokenOf(of: (name: string) => string | undefined, problems: string[]): string | undefined {
  const [token, file] = [of('token'), of('token-file')];
  if (token !== undefined || file === undefined) return token?.trim();
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    problems.push(`--token-file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}

/** Options of `run`. Faults: `input-invalid`. */
export function runConfig(argv: readonly string[]): RunConfig {
  const { values, positionals, rest } = parsed(argv, { board: 'string', grant: 'string', env: 'string', memory: 'string', timeout: 'string' });
  const problems: string[] = [];
  const number = (name: string, min: number, max: number): number | undefined => {
    const text = values.get(name)?.[0];
    const value = Number(text);
    if (text === undefined) return undefined;
    if (!/^\d+(\.\d+)?$/.test(text) || value < min || value > max) problems.push(`--${name} is a number from ${min} to ${max}, got "${text}"`);
    return value;
  };
  const [file, ...more] = positionals;
  if (file === undefined) problems.push('the wasm file is needed');
  if (more.length > 0) problems.push(`one file at a time, got also ${more.join(', ')}; arguments of the program go after "--"`);
  const given = values.get('board')?.[0];
  const board = given === undefined ? undefined : boardOf(given, problems);
  const env: Record<string, string> = {};
  for (const pair of values.get('env') ?? []) {
    const at = pair.indexOf('=');
    if (at <= 0) problems.push(`--env is K=V, got "${pair}"`);
    else env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  const config = { file: file ?? '', board, grantFile: values.get('grant')?.[0], env, memoryMb: number('memory', 1, 512), timeoutS: number('timeout', 0.1, 86_400), args: rest };
  return checked(config, problems);
}

type Parsed = { readonly values: ReadonlyMap<string, readonly string[]>; readonly positionals: readonly string[]; readonly rest: readonly string[] };

function parsed(argv: readonly string[], options: Readonly<Record<string, 'string'>>): Parsed {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  try {
    const { values, positionals } = parseArgs({ args: [...own], allowPositionals: true, strict: true, options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string', multiple: true } as const])) });
    return { values: new Map(Object.entries(values).map(([name, value]) => [name, value ?? []])), positionals, rest: end < 0 ? [] : argv.slice(end + 1) };
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}\n${usage}`);
  }
}
