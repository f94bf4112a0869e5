import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { openStage } from '../support/stage.ts';
import type { Row } from './summary.ts';

const runs = 5;

/** From before the start of `pier manager start` to its ready line, which comes when every door answers: on an empty folder, then on the same one again. */
export async function managerStart(): Promise<Row[]> {
  const [first, again]: [number[], number[]] = [[], []];
  for (let n = 0; n < runs; n += 1) {
    const dir = mkdtempSync(join(tmpdir(), 'pier-bench-start-'));
    try {
      first.push(await startOnce(dir));
      again.push(await startOnce(dir));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return [
    { name: 'manager: first start → ready', unit: 'ms', values: first },
    { name: 'manager: start on existing data → ready', unit: 'ms', values: again },
  ];
}

async function startOnce(dir: string): Promise<number> {
  await using stage = openStage(dir);
  const fromMs = systemClock.monotonicMs();
  await stage.startManager();
  return systemClock.monotonicMs() - fromMs;
}
