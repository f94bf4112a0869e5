import { expect, test } from 'vitest';
import { Asks, Bindings } from '@pier/shared/capability';
import { bindingChanges, bindingCommand, lineChoices, slotsOf, withChoice, withSafe, withStorage } from './binding-draft.ts';
import { boardOf } from './facts.ts';
import { device } from './testing.ts';

const pi = device();
const board = boardOf(pi.profile);
const was = Bindings.parse(pi.bindings['blink' as keyof typeof pi.bindings]);
const asks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }, { label: 'siren', mode: 'out', safe: 'active', active: 'low', optional: true }], storage: [{ label: 'data', path: '/data', maxBytes: 10 }] });

test('every label that is asked for can be bound, and one that is bound from before can be let go', () => {
  expect(slotsOf(asks, Bindings.parse({ ...was, old: { kind: 'serial', path: '/dev/x' } })).map(({ label, kind, safe, asked }) => [label, kind, safe, asked])).toEqual([['led', 'gpio', 'low', true], ['siren', 'gpio', 'low', true], ['data', 'storage', undefined, true], ['old', 'serial', undefined, false]]);
  expect(slotsOf(undefined, {})).toEqual([]);
});

test('reserved lines are not offered, and one that another label has cannot be chosen', () => {
  expect(lineChoices(pi, board, { app: 'blink', label: 'siren' })).toEqual([{ value: 'pinctrl:17', label: 'GPIO17, pin 11: led of blink', disabled: true }, { value: 'pinctrl:22', label: 'GPIO22, pin 15', disabled: false }]);
  expect(lineChoices(pi, board, { app: 'blink', label: 'led' })[0]?.disabled).toBe(false);
});

test('a choice moves the line and keeps what else was said; an empty one takes the binding away', () => {
  const [led] = slotsOf(asks, was);
  if (led === undefined) throw new Error('led is asked for');
  const safe = withSafe(was, 'led', 'high');
  expect(withChoice(safe, led, 'pinctrl:22')).toEqual({ led: { kind: 'gpio', chip: 'pinctrl', line: 22, modes: ['out'], safe: 'high' } });
  expect(withChoice(was, led, '')).toEqual({});
  expect(withChoice({}, led, 'pinctrl:22')).toEqual({ led: { kind: 'gpio', chip: 'pinctrl', line: 22, modes: ['out'] } });
  expect(withSafe(safe, 'led', '')).toEqual(was);
  expect(withSafe(was, 'nobody', 'high')).toBe(was);
});

test('what changes is said label by label, before and after', () => {
  const next = withStorage(withSafe(was, 'led', 'keep'), 'data', 100);
  expect(bindingChanges(was, next, board)).toEqual([{ label: 'led', before: 'GPIO17, pin 11, out', after: 'GPIO17, pin 11, out, safe keep' }, { label: 'data', before: 'not bound', after: '100 B of storage' }]);
  expect(bindingChanges(was, was, board)).toEqual([]);
  expect(bindingChanges(was, {}, board)[0]?.after).toBe('not bound');
});

test('the equal command replaces all bindings; there is none where the CLI has no word for it', () => {
  expect(bindingCommand({ device: 'mill-1', app: 'blink', bindings: withStorage(was, 'data', 100) })).toBe('./pier binding set mill-1 blink led=pinctrl:17:out data=storage:100');
  expect(bindingCommand({ device: 'mill-1', app: 'blink', bindings: withSafe(was, 'led', 'low') })).toBeUndefined();
  expect(bindingCommand({ device: 'mill-1', app: 'blink', bindings: {} })).toBeUndefined();
});

test('what a board calls its chips and ports is quoted where a shell would read it otherwise', () => {
  const [led] = slotsOf(asks, was);
  if (led === undefined) throw new Error('led is asked for');
  const bindings = { ...withChoice({}, led, '$(id):17'), ...withChoice({}, { ...led, label: 'meter', kind: 'serial' }, '/dev/x;id') };
  expect(bindingCommand({ device: 'mill-1', app: 'blink', bindings })).toBe(`./pier binding set mill-1 blink 'led=$(id):17:out' 'meter=serial:/dev/x;id'`);
});
