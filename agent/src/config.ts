import { readFileSync } from 'node:fs';
import { LineRef } from '@pier/shared/capability';
import { type Parsed, boardOf, checked, missing, parsed } from './options.ts';

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

type Environment = Readonly<Record<string, string | undefined>>;

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

function valueOf(name: string, values: Parsed['values'], environment: Environment): string | undefined {
  return values.get(name)?.[0] ?? environment[`PIER_${name.toUpperCase().replaceAll('-', '_')}`];
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
