import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviceNumber, findDevice } from './serial-device.ts';

test.each([
  ['/dev/null', /no terminal device/],
  ['/dev/urandom', /no terminal device/],
  ['/dev/tty', /whoever opens it/],
  ['/dev/ptmx', /whoever opens it/],
  ['/etc/passwd', /no character device/],
  ['/dev', /no character device/],
  ['/dev/no-such-port', /plugged in/],
  ['/etc/passwd/x', /plugged in/],
])('%s is no serial port, and is not opened to find out', (path, why) => {
  expect(() => findDevice(path)).toThrow(expect.objectContaining({ code: 'port-unknown', message: expect.stringMatching(why) }));
  expect(() => findDevice(path)).toThrow(path);
});

test('a link is followed, and both its ends are named when it leads to no port', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-device-'));
  symlinkSync('/dev/null', join(dir, 'to-null'));
  symlinkSync(join(dir, 'round'), join(dir, 'round'));
  writeFileSync(join(dir, 'plain'), '');
  expect(() => findDevice(join(dir, 'to-null'))).toThrow(`${join(dir, 'to-null')} (/dev/null)`);
  expect(() => findDevice(join(dir, 'round'))).toThrow(expect.objectContaining({ code: 'port-unknown' }));
  expect(() => findDevice(join(dir, 'plain'))).toThrow(/no character device/);
  rmSync(dir, { recursive: true });
});

test('device numbers are split as Linux packs them', () => {
  expect(deviceNumber(0x0103)).toEqual({ major: 1, minor: 3 });
  expect(deviceNumber(0x8805)).toEqual({ major: 136, minor: 5 });
  expect(deviceNumber(0x10_88_05)).toEqual({ major: 136, minor: 256 + 5 });
});
