import { expect, test } from 'vitest';
import { readCommand, readConfig } from './config.ts';
import { asksForHelp, usage } from './usage.ts';

test('a data folder is enough; everything else has its default', () => {
  expect(readConfig(['start', '--data', '/data'], {})).toEqual({ dataDir: '/data', httpPort: 0, devicePort: 0, mqttPort: 0, diskReserveMb: 256, deviceCertificateDays: 730, certificateGraceDays: 90, printCredentials: false });
});

test('every option is taken, and the database from the environment', () => {
  const argv = ['start', '--data', '/data', '--http-port', '1', '--device-port', '2', '--mqtt-port', '3', '--public-host', 'a.example', '--public-host', '192.0.2.1', '--simulator', '/boards', '--disk-reserve', '64', '--device-certificate-days', '30', '--certificate-grace-days', '7', '--print-credentials', '--ready', 'json'];
  expect(readConfig(argv, { DATABASE_URL: 'postgres://h/db' })).toEqual({ dataDir: '/data', httpPort: 1, devicePort: 2, mqttPort: 3, publicHosts: ['a.example', '192.0.2.1'], simulatorDir: '/boards', diskReserveMb: 64, deviceCertificateDays: 30, certificateGraceDays: 7, printCredentials: true, ready: 'json', databaseUrl: 'postgres://h/db' });
});

test.each([
  [[], 'verbs are start, backup and restore'],
  [['start', '--data', '/d', '--disk-reserve', 'much'], 'diskReserveMb'],
  [['start', '--data', '/d', '--device-certificate-days', '0'], 'deviceCertificateDays'],
  [['stop'], '"stop"'],
  [['start'], '--data DIR is needed'],
  [['start', '--data', ''], 'dataDir'],
  [['start', '--data', '/d', '--http-port', 'eighty'], 'httpPort'],
  [['start', '--data', '/d', '--mqtt-port', '70000'], 'mqttPort'],
  [['start', '--data', '/d', '--public-host', 'http://a'], 'publicHosts'],
  [['start', '--data', '/d', '--public-host', 'a..example'], 'publicHosts'],
  [['start', '--data', '/d', '--public-host', 'none', '--public-host', 'a.example'], '"none" stands alone'],
  [['start', '--data', '/d', '--ready', 'yes'], '"json"'],
  [['start', '--data', '/d', '--simulator', ''], 'simulatorDir'],
  [['start', '--data', '/d', '--unknown'], '--unknown'],
])('%j is refused, naming what is wrong', (argv, named) => {
  expect(() => readConfig(argv, {})).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(named) }));
});

test('public hosts are taken back by a word, which is not the same as saying nothing', () => {
  expect(readConfig(['start', '--data', '/d', '--public-host', 'none'], {}).publicHosts).toEqual([]);
  expect(readConfig(['start', '--data', '/d'], {}).publicHosts).toBeUndefined();
});

test('a database that is not PostgreSQL is refused', () => {
  expect(() => readConfig(['start', '--data', '/d'], { DATABASE_URL: 'mysql://h/db' })).toThrow('DATABASE_URL');
});

test('a backup and a restore are asked for by their verbs', () => {
  expect(readCommand(['backup', '--data', '/d', '--to', '/b.tar', '-o', 'json', '--without-blobs'], { DATABASE_URL: 'postgres://h/db' })).toEqual({ verb: 'backup', config: { dataDir: '/d', to: '/b.tar', output: 'json', withoutBlobs: true, databaseUrl: 'postgres://h/db' } });
  expect(readCommand(['restore', '--data', '/d', '--from', '/b.tar'], {})).toEqual({ verb: 'restore', config: { dataDir: '/d', from: '/b.tar', force: false } });
  expect(readCommand(['start', '--data', '/d'], {})).toMatchObject({ verb: 'start', config: { dataDir: '/d' } });
});

test.each([
  [['backup', '--data', '/d'], '--to FILE is needed'],
  [['backup', '--to', '/b.tar'], '--data DIR is needed'],
  [['restore', '--data', '/d'], '--from FILE is needed'],
  [['restore', '--data', '/d', '--from', '/b', '--to', '/c'], '--to'],
  [['backup', '--data', '/d', '--to', '/b', '-o', 'yaml'], '"json"'],
])('%j is refused, naming what is wrong', (argv, named) => {
  expect(() => readCommand(argv, {})).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(named) }));
});

test.each([
  [[], "no verb is given; the manager's verbs are start, backup and restore", usage],
  [['start', '--loud'], "Unknown option '--loud'", 'usage: pier manager start --data DIR'],
  [['backup', '--data', '/d'], 'command line: to: --to FILE is needed', 'usage: pier manager backup --data DIR --to FILE [--without-blobs] [-o json]'],
])('%j is refused in one sentence, with the usage of what was meant below it', (argv, sentence, below) => {
  expect(() => readCommand(argv, {})).toThrow(expect.objectContaining({ message: expect.stringContaining(`${sentence}\n${below}`) }));
});

test('help is asked for by a word or an option, and its lines fit a terminal', () => {
  expect([['help'], ['--help'], ['start', '--data', '/d', '-h']].map(asksForHelp)).toEqual([true, true, true]);
  expect([[], ['start', '--data', 'help']].map(asksForHelp)).toEqual([false, false]);
  expect(usage.split('\n').filter((line) => line.length > 100)).toEqual([]);
});
