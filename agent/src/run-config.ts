import { boardOf, checked, parsed } from './options.ts';

export type RunConfig = {
  readonly file: string;
  readonly board: string | undefined;
  readonly grantFile: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number | undefined;
  readonly timeoutS: number | undefined;
  readonly args: readonly string[];
};

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
