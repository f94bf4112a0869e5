import { existsSync } from 'node:fs';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRunning, makeToyCheckout, type ToyCheckout, until } from './toy-checkout.ts';

/** A registry that takes connections and answers none of them: npm waits for as long as a test needs. */
async function openSilentRegistry(): Promise<{ url: string; asked: () => number } & AsyncDisposable> {
  let asked = 0;
  const server = createServer(() => { asked += 1; });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

async function makeTarget(): Promise<ToyCheckout> {
  const toy = await makeToyCheckout();
  await toy.write('target.ts', 'const word: string = "ran"; console.log(word);');
  return toy;
}

/** npm with a cache of its own, so that nothing it needs is there already. */
const alone = (toy: ToyCheckout, more: NodeJS.ProcessEnv = {}): { env: NodeJS.ProcessEnv } => ({ env: { npm_config_cache: join(toy.root, '.pier', 'test-cache'), npm_config_fetch_retries: '0', ...more } });

describe('set-up', () => {
  test('is done once, tells of it on stderr alone, and is recognised afterwards', async () => {
    await using toy = await makeTarget();
    const first = await toy.run('target.ts').ended;
    expect(first).toMatchObject({ status: 0, stdout: 'ran\n' });
    expect(first.stderr).toMatch(/^pier: installing the packages.*\npier: set-up is complete after \d+ s\n$/);
    expect(await toy.run('target.ts').ended).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
    expect(new Set(await readdir(join(toy.root, '.pier')))).toEqual(new Set(['cache', 'launch']));
  });

  test('is repeated when dependencies change or node_modules was remade by hand, not when a script changes', async () => {
    await using toy = await makeTarget();
    await toy.run('target.ts').ended;
    const manifest = JSON.parse(await readFile(join(toy.root, 'package.json'), 'utf8'));
    await toy.write('package.json', JSON.stringify({ ...manifest, scripts: { more: 'true' } }));
    expect((await toy.run('target.ts').ended).stderr).toBe('');
    await toy.write('package-lock.json', `${await readFile(join(toy.root, 'package-lock.json'), 'utf8')}\n`);
    expect((await toy.run('target.ts').ended).stderr).toContain('set-up is complete');
    await rm(join(toy.root, 'node_modules'), { recursive: true });
    expect((await toy.run('target.ts').ended).stderr).toContain('set-up is complete');
  });

  test('killed with -9 in the middle leaves no npm behind, and the next one heals at once', async () => {
    await using toy = await makeTarget();
    await using registry = await openSilentRegistry();
    await toy.run('target.ts').ended;
    await toy.require({ 'never-there': '1.0.0' });
    const cut = toy.run('target.ts', [], alone(toy, { npm_config_registry: registry.url }));
    await until(() => registry.asked() > 0, () => 'npm to ask the registry');
    expect(existsSync(join(toy.root, 'node_modules/.pier-setup.json'))).toBe(false);
    expect(npmOf(toy)).not.toEqual([]);
    cut.child.kill('SIGKILL');
    await cut.ended;
    expect(existsSync(join(toy.root, '.pier/setup.lock'))).toBe(true);
    await until(() => npmOf(toy).length === 0, () => 'npm to end with the set-up that started it');
    await toy.require({});
    expect(await toy.run('target.ts').ended).toMatchObject({ status: 0, stdout: 'ran\n' });
    expect(existsSync(join(toy.root, '.pier/setup.lock'))).toBe(false);
  });

  test('cut by SIGTERM ends npm, gives the lock back and exits with 143', async () => {
    await using toy = await makeTarget();
    await using registry = await openSilentRegistry();
    await toy.require({ 'never-there': '1.0.0' });
    const cut = toy.run('target.ts', [], alone(toy, { npm_config_registry: registry.url }));
    await until(() => registry.asked() > 0, () => 'npm to ask the registry');
    cut.child.kill('SIGTERM');
    const { status, stderr } = await cut.ended;
    expect(status).toBe(143);
    expect(stderr).toContain('set-up was cut short; the next start continues it');
    expect(npmOf(toy)).toEqual([]);
    expect(existsSync(join(toy.root, '.pier/setup.lock'))).toBe(false);
  });

  test('waits for another one in the same folder and then uses what that one made', async () => {
    await using toy = await makeTarget();
    const both = await Promise.all([toy.run('target.ts').ended, toy.run('target.ts').ended, toy.run('target.ts').ended]);
    expect(both.map(({ status, stdout }) => [status, stdout])).toEqual([[0, 'ran\n'], [0, 'ran\n'], [0, 'ran\n']]);
    expect(both.filter(({ stderr }) => stderr.includes('installing the packages'))).toHaveLength(1);
  });

  test('names the process it waits for, and takes over from one that is dead or whose id now belongs to another', async () => {
    await using toy = await makeTarget();
    const { holder, startTicks } = { holder: process.pid, startTicks: await startTicksOf(process.pid) };
    await toy.write('.pier/setup.lock', JSON.stringify({ pid: holder, startTicks }));
    const waiting = toy.run('target.ts');
    await waiting.printed(`another set-up (process ${holder}) is at work in this folder`);
    await writeFile(join(toy.root, '.pier/setup.lock'), JSON.stringify({ pid: holder, startTicks: '1' }));
    expect(await waiting.ended).toMatchObject({ status: 0, stdout: 'ran\n' });
    await toy.require({});
    await rm(join(toy.root, 'node_modules'), { recursive: true });
    await toy.write('.pier/setup.lock', '{ not a lock');
    expect((await toy.run('target.ts').ended).status).toBe(0);
  });

  test('without a network says so, and leaves nothing that looks finished', async () => {
    await using toy = await makeTarget();
    await toy.require({ 'never-there': '1.0.0' });
    const { status, stdout, stderr } = await toy.run('target.ts', [], alone(toy, { npm_config_registry: 'http://127.0.0.1:1/' })).ended;
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('installing packages failed. The npm registry (or the proxy before it) refuses connections');
    expect((await toy.run('target.ts', [], alone(toy, { npm_config_registry: 'http://127.0.0.1:1/' })).ended).status).toBe(1);
  });

  test('keeps the npm cache in the checkout where HOME cannot be written', async () => {
    await using toy = await makeTarget();
    await toy.require({ 'never-there': '1.0.0' });
    // A file in place of HOME holds off root as well, whom permissions would not.
    await toy.write('home', '');
    await toy.run('target.ts', [], { env: { HOME: join(toy.root, 'home'), npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' } }).ended;
    expect((await stat(join(toy.root, '.pier/cache/npm'))).isDirectory()).toBe(true);
  });

  test('in a folder that cannot be written names the folder', async () => {
    await using toy = await makeTarget();
    await toy.write('.pier', 'a file in its place');
    const { status, stderr } = await toy.run('target.ts').ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`set-up cannot write to ${toy.root}`);
  });
});

/** The ids of the running npm processes that work in this checkout. */
function npmOf(toy: ToyCheckout): number[] {
  return toy.commands().filter(({ line }) => line.includes('npm-cli.js') || line.startsWith('npm ci')).map(({ pid }) => pid).filter(isRunning);
}

async function startTicksOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}
