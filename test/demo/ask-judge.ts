import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';
import { spawnNode } from '@pier/shared/process';
import type { Case, claims } from './claims/index.ts';

type Claims = typeof claims;
export type Judge = { ask<C extends keyof Claims>(claim: C, args: Parameters<Claims[C]>[1]): Promise<string> } & AsyncDisposable;

/** Starts the judge's process; a claim that does not hold is a fault with what the judge saw. */
export function startJudge(at: Case, env: NodeJS.ProcessEnv): Judge {
  const program = spawnNode([fileURLToPath(new URL('./judge.ts', import.meta.url)), JSON.stringify(at)], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const { stdin, stdout } = program.child;
  if (!stdin || !stdout) throw new Fault('internal', 'the judge has no pipes');
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    ask: async (claim, args) => {
      stdin.write(`${JSON.stringify({ claim, args })}\n`);
      const next = await answers.next();
      if (next.done) throw new Fault('internal', 'the judge is gone');
      const answer = JSON.parse(next.value) as { ok: boolean; evidence: string };
      if (!answer.ok) throw new Fault('internal', answer.evidence);
      return answer.evidence;
    },
    [Symbol.asyncDispose]: async () => {
      stdin.end();
      await program[Symbol.asyncDispose]();
    },
  };
}
