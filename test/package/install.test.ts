import { chownSync, copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DeviceId, systemClock } from '@pier/shared/core';
import { type DebianRoot, openRoot } from '../support/debian-root.ts';
import { exampleGuest, trappingGuest } from '../support/guests.ts';
import { readRecord } from '../support/record.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

const installer = fileURLToPath(new URL('../../deploy/install.sh', import.meta.url));
const provided = inject('provided');
const state = '/var/lib/pier-agent';

describe.skipIf('why' in provided)('on a fresh Debian without a network', () => {
  let world: World;
  let root: DebianRoot;
  let before: string[];
  let accounts: string;
  let device: DeviceId;
  const inRoot = (path: string): string => join(root.dir, path);
  const stat = (path: string) => lstatSync(inRoot(path));
  const ok = async (...words: readonly string[]): Promise<string> => {
    const ran = await root.run(...words);
    expect({ words, status: ran.status, stderr: ran.status === 0 ? '' : ran.stderr }).toEqual({ words, status: 0, stderr: '' });
    return ran.stdout;
  };
  const accountsOf = (): string => ['passwd', 'group', 'shadow', 'gshadow'].map((name) => readFileSync(inRoot(`etc/${name}`), 'utf8')).join('');
  const rows = () => readRecord(world.board.record).filter((row) => row.name === 'GPIO17');

  beforeAll(async () => {
    if ('why' in provided) return;
    world = await openWorld();
    root = await openRoot({ tar: provided.debian, board: world.board.dir });
    before = root.list();
    accounts = accountsOf();
    mkdirSync(inRoot('tmp/packages'));
    for (const name of readdirSync(provided.packages).filter((file) => file.endsWith('_amd64.deb'))) copyFileSync(join(provided.packages, name), inRoot(`tmp/packages/${name}`));
    copyFileSync(installer, inRoot('tmp/install.sh'));
  });
  afterAll(async () => {
    root?.[Symbol.dispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test('the installer refuses what it cannot do, and says why, before it changes anything', async () => {
    const refused = async (prepare: string, words = `--packages /tmp/packages --manager https://a --token pier1.x`): Promise<string> => {
      const { status, stdout, stderr } = await root.run('sh', '-c', `${prepare}; exec sh /tmp/install.sh ${words}`);
      expect({ status: status === 0 ? 'done' : 'refused', stdout }).toEqual({ status: 'refused', stdout: '' });
      return stderr;
    };
    const as = (program: string, output: string): string => `mkdir -p /opt/bin; printf '#!/bin/sh\\necho "${output}"\\n' >/opt/bin/${program}; chmod 755 /opt/bin/${program}; PATH=/opt/bin:$PATH`;
    expect(await refused(':')).toMatch(/not run by systemd/);
    expect(await refused(as('dpkg', 'armhf'))).toMatch(/32-bit.*armv6 and armv7 boards are not supported/);
    expect(await refused(as('dpkg', 'riscv64'))).toMatch(/amd64 and arm64.*riscv64/);
    expect(await refused(`rm /opt/bin/dpkg; ${as('getconf', 'glibc 2.31')}`)).toMatch(/2\.34 or newer.*this system has 2\.31/);
    expect(await refused(`rm /opt/bin/getconf; ${as('id', '1000')}`)).toMatch(/root/);
    expect(await refused('rm -r /opt/bin', '--packages /none --manager https://a --token pier1.x')).toMatch(/no folder/);
    expect(await refused(':', '--packages /tmp/packages --manager https://a')).toMatch(/is needed/);
    expect(await refused(':', '--purge')).toMatch(/goes with --remove/);
    for (const [words, reason] of [
      ['--manager http://a --token pier1.x', /--manager is https:\/\/host:port, got "http:\/\/a"/],
      ['--manager https://a:b --token pier1.x', /--manager is https/],
      ['--manager https://a/path --token pier1.x', /--manager is https/],
      ['--manager https://a --token secret', /claim token is damaged/],
      ['--manager https://a --token pier1.x --board usb', /--board is auto/],
      ['--manager https://a --token pier1.x --name a=b', /--name: "a=b" holds a character/],
    ] as const) expect(await refused(':', words)).toMatch(reason);
    // All is well with the words, so that it is the system that is looked at.
    for (const words of ['--manager https://[::1]:8443', '--manager https://a:8443/ --board sim:/srv/board --name porch-1']) expect(await refused(':', `--packages /tmp/packages ${words} --token pier1.x`)).toMatch(/not run by systemd/);
    // Root would install what anybody has laid there.
    const open = /everybody on this machine can put packages into \/tmp/;
    expect(await refused(':', '--manager https://a --token pier1.x')).toMatch(open);
    expect(await refused('chmod o+w /tmp/packages/*', '--packages /tmp/packages --manager https://a --token pier1.x')).toMatch(open);
    expect(await refused('chmod o-w /tmp/packages/*')).toMatch(/not run by systemd/);
    expect(root.list().filter((line) => !line.startsWith('tmp/'))).toEqual(before.filter((line) => !line.startsWith('tmp/')));
  });

  test('the packages install with what is there, and every file has its rights', async () => {
    await ok('sh', '-c', 'dpkg -i /tmp/packages/*.deb');
    expect(await ok('dpkg', '--verify', 'pier-agent', 'pier-runtime')).toBe('');
    const [, , uid = '', gid = ''] = (await ok('getent', 'passwd', 'pier-agent')).split(':');
    expect((await ok('id', '-nG', 'pier-agent')).trim().split(' ').sort()).toEqual(['dialout', 'gpio', 'pier-agent']);
    expect(stat(state)).toMatchObject({ uid: Number(uid), gid: Number(gid), mode: 0o40700 });
    for (const [path, mode] of [['usr/bin/pier-agent', 0o100755], ['usr/lib/pier/agent/agent.mjs', 0o100644], ['usr/lib/pier/runtime/bin/node', 0o100755], ['etc/pier/agent.conf', 0o100644], ['usr/share/pier-agent/agent.conf', 0o100644], ['usr/lib/systemd/system/pier-agent.service', 0o100644], ['usr/lib/udev/rules.d/60-pier-agent.rules', 0o100644]] as const) expect({ path, ...pick(stat(path)) }).toEqual({ path, mode, uid: 0, gid: 0 });
    // Nothing that its own user could change.
    const theirs = root.list().filter((line) => line.endsWith(` ${uid}:${gid}`));
    expect(theirs.map((line) => line.split(' ')[0])).toEqual(['var/lib/pier-agent']);
    expect(lstatSync(inRoot('etc/systemd/system/multi-user.target.wants/pier-agent.service')).isSymbolicLink()).toBe(true);
    expect(await root.run('pier-agent', 'status')).toMatchObject({ status: 4, stdout: expect.stringMatching(/^version   \d+\..*\nnot configured: /) });
    // A board that this user may use, as udev gives him a real one.
    for (const path of ['', ...readdirSync(world.board.dir, { recursive: true, encoding: 'utf8' })]) chownSync(join(world.board.dir, path), Number(uid), Number(gid));
    writeFileSync(inRoot('etc/pier/agent.conf'), 'PIER_BOARD=sim:/srv/board\n');
  });

  test.each([
    [['--token', 'pier1.x'], /--manager is https/],
    [['--manager', 'http://a', '--token', 'pier1.x'], /--manager is https/],
    [['--manager', 'https://a$(reboot)', '--token', 'pier1.x'], /character/],
    [['--manager', 'https://a', '--token', 'secret'], /damaged/],
    [['--manager', 'https://a', '--token-file', '/none'], /cannot be read/],
    [['--manager', 'https://a'], /is needed/],
    [['--manger', 'https://a'], /is no option/],
  ])('enrol %s is refused', async (words, reason) => {
    const ran = await root.run('pier-agent', 'enrol', ...words);
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringMatching(reason) });
    expect(existsSync(inRoot('etc/pier/manager.conf'))).toBe(false);
  });

  /** As the unit says it: its user, its files of variables, its command. */
  function serviceLine(key: 'ExecStart' | 'ExecStopPost'): readonly string[] {
    const unit = readFileSync(inRoot('usr/lib/systemd/system/pier-agent.service'), 'utf8');
    const all = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
    const variables = all('EnvironmentFile').flatMap((path) => readFileSync(inRoot(path.replace(/^-/, '')), 'utf8').split('\n').filter((line) => /^\w+=/.test(line)));
    const [user = ''] = all('User');
    return ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--no-new-privs', '--bounding-set=-all', 'env', ...variables, ...(all(key)[0] ?? '').split(' ')];
  }

  test('it enrols by its token and runs an app, as its own user with the unit\'s own command', async () => {
    // As an editor of another system leaves it.
    writeFileSync(inRoot('tmp/token'), `\r\n ${await world.token()}\r\n`, { mode: 0o600 });
    expect(await ok('pier-agent', 'enrol', '--manager', world.manager.device, '--token-file', '/tmp/token')).toMatch(/written/);
    expect(pick(stat(`${state}/token`))).toMatchObject({ mode: 0o100600, uid: stat(state).uid });
    const agent = root.start(serviceLine('ExecStart'));
    using _ = { [Symbol.dispose]: () => void agent.kill('SIGKILL') };
    const known = await until('the enrolled device', () => (existsSync(inRoot(`${state}/identity/enrolment.json`)) ? readFileSync(inRoot(`${state}/identity/enrolment.json`), 'utf8') : undefined));
    device = DeviceId.parse((JSON.parse(known) as { device: string }).device);
    expect(await ok('pier-agent', 'status')).toContain(device);
    await world.bind(device, 'blink', { led, button });
    const blink = await exampleGuest('blink');
    const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink }), device);
    expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
    await until('the LED blinking', () => rows().filter((row) => row.by === 'guest').length > 2 || undefined);
    const exited = new Promise((resolve) => agent.once('exit', (code) => resolve(code)));
    agent.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(rows().at(-1)).toMatchObject({ level: 0 });
  });

  test('killed with -9 it leaves its outputs to the unit\'s stop hook, which is quick; the used token is gone', async () => {
    const agent = root.start(serviceLine('ExecStart'));
    using _ = { [Symbol.dispose]: () => void agent.kill('SIGKILL') };
    const bright = await world.push({ app: 'blink', version: '2.0.0', counter: 2, ...(await trappingGuest(600_000)) });
    const from = rows().length;
    await world.rollOut(bright, device);
    await until('the LED on for good', () => rows().length > from && rows().at(-1)?.level === 1);
    const exited = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill('SIGKILL');
    await exited;
    const startMs = systemClock.monotonicMs();
    const hook = await root.run(...serviceLine('ExecStopPost'));
    process.stdout.write(`package: the stop hook took ${Math.round(systemClock.monotonicMs() - startMs)} ms\n`);
    expect(hook).toMatchObject({ status: 0, stderr: expect.stringMatching(/GPIO17 .* was put to low/) });
    expect(rows().at(-1)).toMatchObject({ level: 0, consumer: 'blink (safe)' });
    expect(existsSync(inRoot(`${state}/token`))).toBe(false);
  });

  test('installed again, over itself or after its removal, it keeps who it is and what was set', async () => {
    const unit = inRoot('etc/systemd/system/pier-agent.service');
    for (const act of [':', 'dpkg --remove pier-agent']) {
      await ok('sh', '-c', `${act} && dpkg -i /tmp/packages/pier-agent_*.deb`);
      expect(existsSync(inRoot(`${state}/identity/key.pem`))).toBe(true);
      expect(readFileSync(inRoot('etc/pier/agent.conf'), 'utf8')).toBe('PIER_BOARD=sim:/srv/board\n');
      expect(lstatSync(inRoot('etc/systemd/system/multi-user.target.wants/pier-agent.service')).isSymbolicLink()).toBe(true);
      // A mask of the removal would stay in the way of the service.
      expect(existsSync(unit)).toBe(false);
    }
    expect(await ok('pier-agent', 'status')).toContain(device);
  });

  test('it waits for another program that installs packages, and for no other installer', async () => {
    const hold = `perl -MFcntl -e 'open F, ">>", "/var/lib/dpkg/lock-frontend"; my $whole = pack("ssx4qqix4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $whole) or die; open G, ">", "/tmp/held"; close G; select(undef, undef, undef, 0.1) until -e "/tmp/go"'`;
    const script = [
      `${hold} & until [ -e /tmp/held ]; do sleep 0.1; done`,
      'sh /tmp/install.sh --remove 2>/tmp/said >&2 & first=$!',
      'while kill -0 $first 2>/dev/null && ! grep -q waiting /tmp/said; do sleep 0.1; done',
      'sh /tmp/install.sh --remove 2>&1; echo "second $?"; [ -e /usr/lib/pier ] && echo waits',
      'touch /tmp/go; wait $first; echo "first $?"; [ -e /usr/lib/pier ] || echo removed',
    ];
    expect((await ok('sh', '-c', script.join('\n'))).split('\n')).toEqual(['install.sh: another install.sh is at work on this machine', 'second 5', 'waits', 'first 0', 'removed', '']);
  });

  test('removed it keeps who it is; purged it leaves nothing behind', async () => {
    await ok('sh', '/tmp/install.sh', '--remove');
    expect(existsSync(inRoot(`${state}/identity/key.pem`))).toBe(true);
    expect(existsSync(inRoot('etc/pier/manager.conf'))).toBe(true);
    expect(existsSync(inRoot('usr/lib/pier'))).toBe(false);
    await ok('sh', '/tmp/install.sh', '--remove', '--purge');
    const own = (line: string): boolean => !/^(?:tmp\/|var\/lib\/dpkg\/|var\/log\/dpkg\.log|etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)- )/.test(line);
    expect(root.list().filter(own)).toEqual(before.filter(own));
    expect(accountsOf()).toBe(accounts);
  });
});

function pick({ mode, uid, gid }: { mode: number; uid: number; gid: number }): { mode: number; uid: number; gid: number } {
  return { mode, uid, gid };
}
