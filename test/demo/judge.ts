/**
 * The judge: a process of its own that believes only the simulator's record, the HTTP API, and what the CLI prints and how
 * it ends. It is asked one claim a line on stdin (`{"claim":…,"args":{…}}`) and answers `{"ok":…,"evidence":…}`.
 */
import { createInterface } from 'node:readline';
import { toFault } from '@pier/shared/core';
import { watchLifeline } from '@pier/shared/process';
import { type Case, claims } from './claims/index.ts';

watchLifeline(() => process.exit(1));
const evidence = JSON.parse(process.argv[2] ?? '{}') as Case;

for await (const line of createInterface({ input: process.stdin })) {
  const { claim, args } = JSON.parse(line) as { claim: keyof typeof claims; args: never };
  const answer = await judge(claim, args);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function judge(claim: keyof typeof claims, args: never): Promise<{ ok: boolean; evidence: string }> {
  try {
    return { ok: true, evidence: await claims[claim](evidence, args) };
  } catch (thrown) {
    return { ok: false, evidence: toFault(thrown).message };
  }
}
