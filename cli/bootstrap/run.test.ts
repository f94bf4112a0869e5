import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning, makeToyCheckout, type ToyCheckout, until } from './toy-checkout.ts';

/** Says its id, heeds its lifeline like all of Pier's programs, and counts the SIGINTs it gets. */
const waiter = `
import { Socket } from 'node:net';
const lifeline = new Socket({ fd: Number(process.env.PIER_LIFELINE_FD), readable: true, writable: false });
lifeline.once('end', () => process.exit(9)).resume();
let interrupts: number = 0;
process.on('SIGINT', () => { interrupts += 1; setTimeout(() => { console.log('interrupts', interrupts); process.exit(4); }, 1000); });
process.on('SIGTERM', () => process.exit(5));
setInterval(() => {}, 1000);
console.log('pid', process.pid, 'up');
`;
const pidOf = (output: string): number => Number(/pid (\d+) up/.exec(output)?.[1]);

describe('a command started by run.mjs', () => {
  let toy: ToyCheckout;
  beforeAll(async () => {
    toy = await makeToyCheckout();
    await toy.write('target.ts', waiter);
    await toy.write('show.ts', 'const a: string[] = process.argv.slice(2); console.log(JSON.stringify({ a, cwd: process.cwd() }));');
    await toy.write('end.ts', 'const [how, n] = process.argv.slice(2); if (how === "exit") process.exit(Number(n)); process.kill(process.pid, n); setInterval(() => {}, 9);');
    await toy.run('show.ts').ended; // the set-up, so that no test has its words on stderr
  });
  afterAll(async () => toy[Symbol.asyncDispose]());

  test('gets its arguments untouched, in the folder where the user is, and says nothing beside it', async () => {
    const args = ['--version', '-e', 'a b', '', '*', '--', '--help'];
    const { stdout, stderr } = await toy.run('show.ts', args, { cwd: '/' }).ended;
    expect(JSON.parse(stdout)).toEqual({ a: args, cwd: '/' });
    expect(stderr).toBe('');
  });

  test('passes its exit status on, and 128 + n when a signal ended it', async () => {
    expect((await toy.run('end.ts', ['exit', '37']).ended).status).toBe(37);
    expect((await toy.run('end.ts', ['kill', 'SIGKILL']).ended).status).toBe(137);
    expect((await toy.run('end.ts', ['kill', 'SIGTERM']).ended).status).toBe(143);
  });

  test('is sent the SIGTERM that was meant for it', async () => {
    const run = toy.run('target.ts');
    await run.printed('up');
    run.child.kill('SIGTERM');
    expect((await run.ended).status).toBe(5);
  });

  test('is sent one SIGINT for a Ctrl-C, which goes to a whole process group and is repeated by npm', async () => {
    const run = toy.run('target.ts', [], { detached: true });
    await run.printed('up');
    process.kill(-Number(run.child.pid), 'SIGINT');
    run.child.kill('SIGINT');
    const { status, stdout } = await run.ended;
    expect(stdout).toContain('interrupts 1\n');
    expect(status).toBe(4);
  });

  test('ends when run.mjs is killed with -9', async () => {
    const run = toy.run('target.ts');
    await run.printed('up');
    run.child.kill('SIGKILL');
    await until(() => !isRunning(pidOf(run.output())), () => 'the command to end');
    expect((await run.ended).signal).toBe('SIGKILL');
  });

  test('ends, and run.mjs with it, when the npm above is killed with -9', async () => {
    const run = toy.start('npm', ['start', '--silent']);
    await run.printed('up');
    run.child.kill('SIGKILL');
    // Its output closes only once nobody holds it any more: shell, run.mjs and command are gone.
    expect((await run.ended).signal).toBe('SIGKILL');
    await until(() => !isRunning(pidOf(run.output())), () => 'the command to end');
  });

  test('that does not exist is named', async () => {
    const { status, stderr } = await toy.run('nowhere.ts').ended;
    expect(status).toBe(1);
    expect(stderr).toBe('pier: nowhere.ts is not in this checkout.\n');
  });

  test('is found through a link to the launcher, whose warm way gives the environment of the long one', async () => {
    const print = 'const e = process.env; console.log(JSON.stringify([e.PATH, e.NODE_COMPILE_CACHE, e.NO_PROXY, e.no_proxy, e.NODE_OPTIONS, e.NODE_EXTRA_CA_CERTS, process.execPath, process.argv.slice(2), process.cwd()]));';
    await toy.write('cli/src/main.ts', print);
    const env = { NO_PROXY: 'example.org', NODE_OPTIONS: '--no-warnings', NODE_EXTRA_CA_CERTS: '/nowhere', PIER_LIFELINE_FD: '77' };
    const link = join(toy.root, 'linked pier');
    expect((await toy.start('ln', ['-s', './pier', link]).ended).status).toBe(0);
    const long = await toy.run('cli/src/main.ts', ['a b', '--x'], { env, cwd: '/' }).ended;
    const warm = await toy.start('sh', ['-x', link, 'a b', '--x'], { env, cwd: '/' }).ended;
    expect(warm.stderr).not.toContain('run.mjs cli/src/main.ts');
    expect(JSON.parse(warm.stdout)).toEqual(JSON.parse(long.stdout));
    expect(realpathSync(JSON.parse(warm.stdout)[6])).toBe(realpathSync(process.execPath));
    expect(JSON.parse(warm.stdout)[2]).toBe('example.org,127.0.0.1,localhost,::1');
  });

  test('without any Node from 18 on the launcher says what is needed and what it found', async () => {
    await toy.write('old/node', '#!/bin/sh\necho v12.22.9\n');
    await toy.start('chmod', ['+x', join(toy.root, 'old/node')]).ended;
    await toy.start('mkdir', ['-p', join(toy.root, 'tools')]).ended;
    for (const tool of ['sh', 'cat', 'cmp', 'dirname', 'readlink']) await toy.start('sh', ['-c', `ln -s "$(command -v ${tool})" "tools/${tool}"`]).ended;
    await toy.start('rm', ['-r', join(toy.root, '.pier/launch')]).ended;
    const { status, stderr } = await toy.start(join(toy.root, 'pier'), [], { env: { PATH: `${toy.root}/old:${toy.root}/tools` } }).ended;
    expect(status).toBe(1);
    expect(stderr).toContain('no Node 18 or newer on the PATH; found only');
    expect(stderr).toContain('old/node (v12.22.9)');
  });
});
