import { type Command, InvalidArgumentError } from 'commander';
import { type Common, openSession, output, withManager } from '../session/index.ts';

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is expected');
  return value;
}

export function notNegative(text: string): number {
  return text === '0' ? 0 : positive(text);
}

/** `key=value` words as an object. */
export function pairs(word: string, all: Record<string, string>): Record<string, string> {
  const at = word.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`key=value is expected, not "${word}"`);
  return { ...all, [word.slice(0, at)]: word.slice(at + 1) };
}

/** `pier token create`: what a new device needs to enrol; shown once. */
export function addToken(program: Command): void {
  const token = program.command('token').description('claim tokens with which devices enrol');
  withManager(token.command('create'))
    .description('make a claim token; it is shown once')
    .option('--uses <n>', 'how many devices may enrol with it', positive, 1)
    .option('--expires-in <seconds>', 'life time', positive, 86_400)
    .option('--tag <key=value>', 'tag for the devices (repeatable)', pairs, {})
    .action(async (options: Common & { uses: number; expiresIn: number; tag: Record<string, string> }) => {
      const answer = await openSession(options).api.call('createToken', { body: { uses: options.uses, expiresInS: options.expiresIn, tags: options.tag } });
      if (options.output === 'json') return output.json(answer);
      output.line(answer.token);
      output.note(`for ${answer.uses} device(s) until ${answer.expiresAt}; on the board: pier agent start --data DIR --manager URL --token …`);
    });
}
