import { describe, expect, test } from 'vitest';
import { AppName, Label } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import { type AppLine, findHeld } from './line-reader.ts';

const line = { at: { chip: 'c', line: 1 }, direction: 'out' } as Line;
const held = (app: string, label: string, name: string): AppLine => ({ app: AppName.parse(app), held: { label: Label.parse(label), name, active: 'high', line, edges: 0 } });
const lines = [held('blink', 'led', 'GPIO17'), held('blink', 'button', 'GPIO22'), held('pump', 'led', 'GPIO5')];
const found = (want: { line: string; app?: string }): string => {
  const { app, held: one } = findHeld(lines, { line: want.line, app: want.app === undefined ? undefined : AppName.parse(want.app) });
  return `${app}/${one.label}`;
};

describe('the line that a person means', () => {
  test('is found by its name on the board, by its label in an app, and by a label that one app alone has', () => {
    expect(found({ line: 'GPIO5' })).toBe('pump/led');
    expect(found({ line: 'led', app: 'pump' })).toBe('pump/led');
    expect(found({ line: 'GPIO17', app: 'blink' })).toBe('blink/led');
    expect(found({ line: 'button' })).toBe('blink/button');
  });

  test('has to be said better when two apps use the label', () => {
    expect(() => found({ line: 'led' })).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringMatching(/"blink" and "pump"/) }));
  });

  test.each([[{ line: 'GPIO99' }], [{ line: 'GPIO5', app: 'blink' }], [{ line: 'led', app: 'other' }]])('%j is held by nobody, and the held ones are named', (want) => {
    expect(() => found(want)).toThrow(expect.objectContaining({ code: 'line-unknown', message: expect.stringContaining(want.line) }));
  });

  test('with nothing held there is nothing to read', () => {
    expect(() => findHeld([], { line: 'led' })).toThrow(/held: none/);
  });
});
