import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { neverHit, newTally, tableOf } from './table.ts';
import { LogTail } from './log-tail.ts';
import { planRounds } from './plan.ts';

test('steps are read once each, whole lines only, and a log that is not there yet says nothing', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-tail-'));
  try {
    const file = join(dir, 'agent.log');
    const tail = new LogTail(file);
    expect(tail.read()).toEqual([]);
    appendFileSync(file, '{"level":20,"msg":"step.proven"}\n{"level":30,"msg":"app.proven"}\n{"died":"step.fail');
    expect(tail.read()).toMatchObject([{ kind: 'passed', step: 'step.proven' }]);
    appendFileSync(file, 'ed","nth":1}\n{"msg":"step.unknown"}\n');
    expect(tail.read()).toMatchObject([{ kind: 'died', step: 'step.failed' }]);
    expect(tail.read()).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a step that was to be struck and was not is told, and each has its row', () => {
  const rounds = planRounds({ seed: 1, rounds: 5 });
  const tally = newTally();
  const [first, ...others] = neverHit(rounds, tally);
  expect(first).toBeDefined();
  if (first) tally.died.set(first, 2);
  expect(neverHit(rounds, tally)).toEqual(others);
  expect(tableOf(tally)).toMatch(new RegExp(`^${first?.replace('step.', '')} .* 2 `, 'm'));
});
