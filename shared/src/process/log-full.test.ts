import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { noSmallDisk, openSmallDisk } from '../../../test/support/small-disk.ts';

const index = new URL('./index.ts', import.meta.url).href;
const program = `import { processLog } from '${index}';
const log = processLog('agent');
process.stdin.on('data', (said) => { for (let n = 0; n < Number(said); n += 1) log.info({ n }, 'a line that is long enough to fill a page after a while'); process.stdout.write('logged\\n'); });
process.stdout.write('up\\n');`;

function start(stderr: number): { child: ChildProcess; say: (count: number) => Promise<void>; up: Promise<unknown>; gone: Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', stderr] });
  if (!child.stdout) throw new Error('the child has a stdout');
  const lines = createInterface({ input: child.stdout });
  const up = once(lines, 'line');
  const gone = once(child, 'exit').then(() => 'gone');
  return {
    child,
    up,
    gone,
    say: async (count) => {
      child.stdin?.write(String(count));
      expect(await Promise.race([once(lines, 'line'), gone])).toEqual(['logged']);
    },
  };
}

test('a log on a full disk stops nobody: lines wait or are dropped, and the log goes on when there is room', async (context) => {
  const why = noSmallDisk();
  if (why !== undefined) context.skip(why);
  using disk = openSmallDisk(1);
  const path = join(disk.folder, 'log');
  const fd = openSync(path, 'a');
  const { child, say, up, gone } = start(fd);
  closeSync(fd);
  try {
    await up;
    await say(1);
    disk.fill();
    await say(5_000);
    disk.free();
    await say(1);
    const logged = (): string[] => readFileSync(path, 'utf8').split('\n');
    await expect.poll(() => logged().filter((line) => line.includes('"n":0')).length).toBeGreaterThan(1);
    expect(logged().length).toBeLessThan(5_000);
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
});
