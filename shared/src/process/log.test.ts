import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const index = new URL('./index.ts', import.meta.url).href;
const program = `import { processLog } from '${index}'; const log = processLog('agent'); for (let n = 1; n <= 3; n += 1) { log.debug({ n }, 'step.proven'); process.stdout.write(String(n)); }`;

const run = (dieAt?: string) => {
  const { PIER_DIE_AT: _, ...env } = process.env;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env: { ...env, PIER_LOG: 'info', ...(dieAt === undefined ? {} : { PIER_DIE_AT: dieAt }) } });
};

test('a process dies with SIGKILL at the named step, at its n-th time, before anything after it, and says so', () => {
  const { signal, stdout, stderr } = run('step.proven:2');
  expect([signal, stdout]).toEqual(['SIGKILL', '1']);
  expect(JSON.parse(stderr)).toMatchObject({ died: 'step.proven', nth: 2 });
});

test('without a number the first time counts; a step of another process, and no step, harm nobody', () => {
  expect(run('step.proven')).toMatchObject({ signal: 'SIGKILL', stdout: '' });
  expect(run('step.report-stored')).toMatchObject({ status: 0, stdout: '123' });
  expect(run()).toMatchObject({ status: 0, stdout: '123', stderr: '' });
});

test.each(['step.nothing', 'proven', 'step.proven:0', 'step.proven:x', ''])('"%s" is no step, and the process does not start', (text) => {
  const { status, stdout, stderr } = run(text);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/PIER_DIE_AT/);
});
