/** What the manager's command line takes, in words for people. */
import { Fault } from '@pier/shared/core';

const lines = {
  start: `pier manager start --data DIR [--http-port N] [--device-port N] [--mqtt-port N]
             [--public-host NAME|none]… [--simulator DIR] [--disk-reserve MB]
             [--device-certificate-days N] [--certificate-grace-days N]
             [--print-credentials] [--ready json]`,
  backup: 'pier manager backup --data DIR --to FILE [--without-blobs] [-o json]',
  restore: 'pier manager restore --data DIR --from FILE [--force] [-o json]',
} as const;

export type Verb = keyof typeof lines;

export const usage = `usage: ${Object.values(lines).join('\n       ')}
       DATABASE_URL=postgres://… in the environment: that database instead of its own`;

export function asksForHelp(argv: readonly string[]): boolean {
  return argv[0] === 'help' || argv.includes('--help') || argv.includes('-h');
}

/** What is wrong with the words, in one sentence, and how the verb is used; all verbs where none is known. */
export function misused(why: string, { verb, cause }: { verb?: Verb; cause?: unknown } = {}): Fault {
  return new Fault('input-invalid', `${why}\n${verb === undefined ? usage : `usage: ${lines[verb]}`}`, {}, cause);
}
