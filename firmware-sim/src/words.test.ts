import { expect, test } from 'vitest';
import { readWords } from './words.ts';

test('each verb takes its words', () => {
  expect(readWords(['board', 'b.json', '--dir', 'd', '--ready', 'json'])).toEqual({ verb: 'board', file: 'b.json', dir: 'd', ready: true });
  expect(readWords(['board', '--dir', 'd', 'b.json'])).toEqual({ verb: 'board', file: 'b.json', dir: 'd', ready: false });
  expect(readWords(['press', 'd', 'button', '--ms', '250'])).toEqual({ verb: 'press', dir: 'd', part: 'button', ms: 250 });
  expect(readWords(['press', 'd', 'button'])).toMatchObject({ ms: 100 });
  expect(readWords(['set', 'd', 'GPIO4', '1'])).toEqual({ verb: 'set', dir: 'd', line: 'GPIO4', level: 1 });
  expect(readWords(['lines', 'd', '-o', 'json'])).toEqual({ verb: 'lines', dir: 'd', json: true });
});

test.each([[[]], [['fly']], [['toString']], [['board', 'b.json']], [['board', 'b.json', 'c.json', '--dir', 'd']], [['board', 'b.json', '--dir', 'd', '--ready', 'yaml']], [['press', 'd']], [['press', 'd', 'x', '--ms', '0']], [['press', 'd', 'x', '--ms', 'soon']], [['set', 'd', 'GPIO4', '2']], [['set', 'd', 'GPIO4', '1', '1']], [['lines', 'd', '-o', 'xml']], [['lines', 'd', '--all']]])('%j is refused with the usage', (argv) => {
  expect(() => readWords(argv)).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('board FILE --dir DIR') }));
});
