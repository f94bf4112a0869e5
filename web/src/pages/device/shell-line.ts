/** A command as a shell takes it. Pure. */
import { type Verb, verbs } from '@pier/shared/wire';
import { shellWord } from '../../words/index.ts';

/** `./pier cmd DEVICE VERB k=v …`, with quotes where a shell needs them; empty arguments are left out. */
export function commandLine(device: string, verb: Verb, args: Readonly<Record<string, string>>): string {
  return ['./pier cmd', device, verb, ...Object.entries(args).filter(([, value]) => value.trim() !== '').map(([key, value]) => shellWord(`${key}=${value.trim()}`))].join(' ');
}

/** Why the device would not take these arguments; undefined where it would. */
export function argsFault(verb: Verb, args: Readonly<Record<string, string>>): string | undefined {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value.trim() !== ''));
  const read = verbs[verb].args.safeParse(given);
  return read.success ? undefined : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
