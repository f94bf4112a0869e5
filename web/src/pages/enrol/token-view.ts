/** Claim tokens in words, and the commands that use them. Pure. */
import type { ListedClaimToken } from '@pier/shared/api';
import { shellWord } from '../../words/index.ts';

type Token = Pick<ListedClaimToken, 'uses' | 'usesMax' | 'approval' | 'expiresAt'>;
export type TokenState = 'live' | 'used' | 'expired';

export function tokenState({ uses, usesMax, expiresAt }: Token, nowMs: number): TokenState {
  if (Date.parse(expiresAt) <= nowMs) return 'expired';
  return uses >= usesMax ? 'used' : 'live';
}

export function kindWords({ usesMax, approval }: Token): string {
  return `${usesMax === 1 ? 'One board' : 'Many'}, ${approval ? 'approval' : 'no approval'}`;
}

export type Wanted = { readonly uses: number; readonly expiresInS: number; readonly tags: Readonly<Record<string, string>>; readonly approval: boolean };

/** The command that makes the same token. */
export function createCommand({ uses, expiresInS, tags, approval }: Wanted): string {
  const words = ['./pier token create', `--uses ${uses}`, `--expires-in ${expiresInS}`, ...Object.entries(tags).map(([key, value]) => `--tag ${shellWord(`${key}=${value}`)}`), ...(approval ? ['--approval'] : [])];
  return words.join(' ');
}

/** Starts a simulated board, and the agent on it with the token. */
export function joinCommands({ manager, token }: { readonly manager: string; readonly token: string }): { readonly installed: string; readonly board: string; readonly agent: string } {
  return {
    installed: `sudo pier-agent enrol --manager ${manager} --token ${token}`,
    board: './pier sim board board.json --dir ./bench-1/board',
    agent: ['./pier agent start', '--data ./bench-1/agent', '--board sim:./bench-1/board', '--name bench-1', `--manager ${manager}`, `--token ${token}`].join(' \\\n  '),
  };
}
