import { expect, test } from 'vitest';
import { type Fact, difference, ranked } from './contrast.ts';

const fact = (name: string, value: string, badly: number, proven: number): Fact => ({ fact: name, value, badly, proven });
const namesOf = (facts: readonly Fact[]) => facts.map(({ fact: name, value }) => `${name}=${value}`);

test('what the bad ones have and the proven ones lack comes first, in shares and not in counts', () => {
  const sides = { badly: 4, proven: 100 };
  const facts = [fact('tag site', 'north', 1, 60), fact('agent', '0.9', 4, 2), fact('model', 'pi-3', 2, 10)];
  expect(namesOf(ranked(facts, sides))).toEqual(['agent=0.9', 'model=pi-3', 'tag site=north']);
  expect(difference(facts[1] ?? fact('', '', 0, 0), sides)).toBeCloseTo(0.98);
});

test('what all of them share says nothing, nor what is as frequent on both sides', () => {
  expect(ranked([fact('model', 'pi-4', 4, 10), fact('tag site', 'north', 2, 5), fact('tag site', 'south', 2, 5)], { badly: 4, proven: 10 })).toEqual([]);
});

test('a tag that only some have says something, though it has but one value', () => {
  expect(namesOf(ranked([fact('tag spare', 'yes', 3, 0)], { badly: 4, proven: 10 }))).toEqual(['tag spare=yes']);
});

test('of facts that tell as much, the one of more devices that ended badly comes first, then the names decide', () => {
  const facts = [fact('model', 'pi-5', 0, 10), fact('model', 'pi-4', 4, 0), fact('agent', '2', 0, 10), fact('agent', '1', 4, 0)];
  expect(namesOf(ranked(facts, { badly: 4, proven: 10 }))).toEqual(['agent=1', 'model=pi-4', 'agent=2', 'model=pi-5']);
});

test('without proven ones it is told what the bad ones have that not all of them have; without bad ones nothing', () => {
  expect(namesOf(ranked([fact('model', 'pi-4', 3, 0), fact('agent', '1', 2, 0), fact('agent', '2', 1, 0)], { badly: 3, proven: 0 }))).toEqual(['agent=1', 'agent=2']);
  expect(ranked([fact('agent', '1', 0, 2), fact('agent', '2', 0, 1)], { badly: 0, proven: 3 })).toEqual([]);
});

test('at most twenty are told, the best', () => {
  const facts = Array.from({ length: 50 }, (_, n) => fact('tag serial', String(n).padStart(2, '0'), n + 1, 0));
  const told = ranked(facts, { badly: 100, proven: 100 });
  expect([told.length, told[0]?.value, told[19]?.value]).toEqual([20, '49', '30']);
});
