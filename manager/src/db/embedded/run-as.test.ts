import { expect, test } from 'vitest';
import { chooseRunAs, commandFor } from './run-as.ts';

const nowhere = '/nonexistent/data';
const yes = () => true;
const no = () => false;

test('a user with a name runs the server as itself', () => {
  expect(chooseRunAs({ uid: 1000, dataFolder: nowhere, probe: yes, named: yes })).toBe('self');
});

test('root and bare numbers run it in a namespace where the kernel lets them', () => {
  expect(chooseRunAs({ uid: 0, dataFolder: nowhere, probe: yes, named: yes })).toBe('namespace');
  expect(chooseRunAs({ uid: 1234, dataFolder: nowhere, probe: yes, named: no })).toBe('namespace');
});

test('without namespaces root gives up its rights, and a bare number has nothing to give up', () => {
  expect(chooseRunAs({ uid: 0, dataFolder: nowhere, probe: no, named: yes })).toBe('nobody');
  expect(chooseRunAs({ uid: 1234, dataFolder: nowhere, probe: no, named: no })).toBe('self');
});

test('the death signal is set after every change of credentials, which would clear it', () => {
  const command = commandFor({ as: 'namespace', diesWithParent: true, program: '/bin/postgres', args: ['-D', '/data'] });
  expect([command.file, ...command.args]).toEqual(['unshare', '--user', '--map-user=65534', '--', 'setpriv', '--pdeathsig', 'INT', '--', '/bin/postgres', '-D', '/data']);
  expect(commandFor({ as: 'nobody', diesWithParent: true, program: '/bin/postgres', args: [] })).toMatchObject({ file: 'setpriv', uid: 65_534, gid: 65_534 });
  expect(commandFor({ as: 'self', diesWithParent: false, program: '/bin/postgres', args: [] })).toEqual({ file: '/bin/postgres', args: [] });
});
