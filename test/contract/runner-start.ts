import { describe, expect, test } from 'vitest';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { wat } from '../support/wat.ts';
import { run, start } from './runner-bench.ts';

/** What a module does before its entry is called. */
export function startContract(runner: Runner): void {
  describe('a start section', () => {
    const module = (code: string) => wat(`(module (import "pier_poll" "wait" (func $wait (param i32 i32 i64 i32) (result i32))) (memory (export "memory") 1) (func $first ${code}) (start $first) (func (export "_start")))`);
    const loops = '(loop $again (br $again))';

    test('that loops is the guest’s code as well: the watchdog ends it', async () => {
      expect((await run(runner, await module(loops), { limits: { watchdogS: 1 } })).end).toMatchObject({ kind: 'limit', limit: 'watchdog' });
    });

    test.each([
      ['loops', loops],
      ['waits without end', '(loop $again (drop (call $wait (i32.const 0) (i32.const 0) (i64.const -1) (i32.const 0))) (br $again))'],
    ])('that %s can be stopped', async (_, code) => {
      const { guest } = await start(runner, await module(code));
      expect((await guest.stop(100)).kind).toBe('stopped');
    });
  });
}
