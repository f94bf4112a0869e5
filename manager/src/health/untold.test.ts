import { expect, test } from 'vitest';
import { healthHandlers, untold } from './index.ts';

test('strangers hear that the database is silent, and not where it is or as whom it is asked', async () => {
  const whys: string[] = [];
  const silent = untold(() => whys[0]);
  const { health, ready } = healthHandlers({ database: silent, broker: () => undefined, listener: () => undefined, disk: () => undefined });
  expect([silent(), (await health()).ok]).toEqual([undefined, true]);
  whys.push('connect ECONNREFUSED 10.1.2.3:5432 as pier');
  const said = JSON.stringify([silent(), await health(), await ready().catch((fault: Error) => fault.message)]);
  expect(said).toContain('log says why');
  expect(said).not.toMatch(/10\.1|5432|as pier/);
});
