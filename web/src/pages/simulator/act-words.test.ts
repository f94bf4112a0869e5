import { expect, test } from 'vitest';
import { actWords } from './act-words.ts';

test('acts are said in words, and one that the board refused says so', () => {
  expect(actWords({ action: 'simulator.press', detail: { part: 'button', ms: 100 } })).toBe('button pressed for 100 ms');
  expect(actWords({ action: 'simulator.level', detail: { line: 'button', level: 0 } })).toBe('button held at L');
  expect(actWords({ action: 'simulator.set-part', detail: { part: 'meter', values: { powerW: 1_200 } } })).toBe('meter: powerW 1200');
  expect(actWords({ action: 'simulator.fault', detail: { port: 'meter', fault: 'crc', count: 3 } })).toBe('meter: crc, 3 times');
  expect(actWords({ action: 'simulator.fault', detail: { port: 'meter', fault: 'none' } })).toBe('meter: fault ended');
  expect(actWords({ action: 'simulator.unplug', detail: { port: 'meter', refused: 'conflict' } })).toBe('meter unplugged, refused (conflict)');
});

test('an act that this page does not know is named as the audit names it', () => {
  expect(actWords({ action: 'simulator.shake', detail: {} })).toBe('shake');
});
