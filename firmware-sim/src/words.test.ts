import { expect, test } from 'vitest';
import { readWords } from './words.ts';

test('each verb takes its words', () => {
  expect(readWords(['board', 'b.json', '--dir', 'd', '--ready', 'json'])).toEqual({ verb: 'board', file: 'b.json', dir: 'd', ready: true, sysfs: undefined });
  expect(readWords(['board', '--dir', 'd', 'b.json'])).toEqual({ verb: 'board', file: 'b.json', dir: 'd', ready: false });
  expect(readWords(['board', 'b.json', '--dir', 'd', '--sysfs', 'm'])).toMatchObject({ sysfs: { dir: 'm', base: 512, slowOpens: 0 } });
  expect(readWords(['board', 'b.json', '--dir', 'd', '--sysfs', 'm', '--gpio-base', '399', '--slow-udev', '7'])).toMatchObject({ sysfs: { dir: 'm', base: 399, slowOpens: 7 } });
  expect(readWords(['press', 'd', 'button', '--ms', '250'])).toEqual({ verb: 'order', dir: 'd', order: { op: 'press', part: 'button', ms: 250 } });
  expect(readWords(['press', 'd', 'button'])).toMatchObject({ order: { ms: 100 } });
  expect(readWords(['set', 'd', 'GPIO4', '1'])).toEqual({ verb: 'order', dir: 'd', order: { op: 'outside', line: 'GPIO4', level: 1 } });
  expect(readWords(['set', 'd', 'meter', 'powerW=-1200.5', 'voltageV=229'])).toMatchObject({ order: { op: 'part', name: 'meter', values: { powerW: -1200.5, voltageV: 229 } } });
  expect(readWords(['unplug', 'd', 'meter0'])).toMatchObject({ order: { op: 'unplug', port: 'meter0' } });
  expect(readWords(['plug', 'd', 'meter0'])).toMatchObject({ order: { op: 'plug', port: 'meter0' } });
  expect(readWords(['fault', 'd', 'meter0', 'crc'])).toEqual({ verb: 'order', dir: 'd', order: { op: 'serialFault', port: 'meter0', fault: 'crc' } });
  expect(readWords(['fault', 'd', 'meter0', 'slow', '--count', '3'])).toMatchObject({ order: { fault: 'slow', count: 3 } });
  expect(readWords(['ports', 'd'])).toEqual({ verb: 'ports', dir: 'd', json: false });
  expect(readWords(['lines', 'd', '-o', 'json'])).toEqual({ verb: 'lines', dir: 'd', json: true });
});

test.each([[[]], [['fly']], [['toString']], [['board', 'b.json']], [['board', 'b.json', 'c.json', '--dir', 'd']], [['board', 'b.json', '--dir', 'd', '--ready', 'yaml']], [['board', 'b.json', '--dir', 'd', '--gpio-base', '512']], [['board', 'b.json', '--dir', 'd', '--sysfs', 'm', '--gpio-base', 'x']], [['press', 'd']], [['press', 'd', 'x', '--ms', '0']], [['press', 'd', 'x', '--ms', 'soon']], [['set', 'd', 'GPIO4', '2']], [['set', 'd', 'GPIO4', '1', '1']], [['set', 'd', 'meter']], [['set', 'd', 'meter', 'powerW=lots']], [['set', 'd', 'meter', 'powerW=1', '0']], [['unplug', 'd']], [['plug', 'd', 'p', 'q']], [['fault', 'd', 'p', 'gremlins']], [['fault', 'd', 'p', 'crc', '--count', '0']], [['ports']], [['lines', 'd', '-o', 'xml']], [['lines', 'd', '--all']]])('%j is refused with the usage', (argv) => {
  expect(() => readWords(argv)).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('board FILE --dir DIR') }));
});
