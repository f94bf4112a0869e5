import { expect, test } from 'vitest';
import { Gathered, changeOf, idsPerEventMax } from './coalesce.ts';

test.each([
  ['device:dock-1', { kind: 'device', id: 'dock-1' }],
  ['deployment:rollout-1/dock-1', { kind: 'rollout', id: 'rollout-1' }],
  ['user:ann', { kind: 'access', id: 'ann' }],
  ['policy:7', { kind: 'policy', id: '7' }],
  ['release:', { kind: 'release', id: '' }],
  ['constructor:x', undefined],
  ['weather', undefined],
])('the record of %s means a change of %j', (object, change) => {
  expect(changeOf(object)).toEqual(change);
});

test('a thing that changed a hundred times is told of once', () => {
  const gathered = new Gathered(10);
  for (let n = 0; n < 100; n += 1) gathered.add('device', `dock-${n % 3}`);
  gathered.add('rollout', 'r');
  expect(gathered.drain()).toEqual([{ kind: 'device', ids: ['dock-0', 'dock-1', 'dock-2'] }, { kind: 'rollout', ids: ['r'] }]);
  expect(gathered.drain()).toEqual([]);
});

test('no event carries more ids than it may, and too many changes are one word: everything', () => {
  const gathered = new Gathered(1_200);
  for (let n = 0; n < 1_200; n += 1) gathered.add('device', `dock-${n}`);
  expect(gathered.drain().map(({ ids }) => ids.length)).toEqual([idsPerEventMax, idsPerEventMax, 200]);
  for (let n = 0; n < 1_201; n += 1) gathered.add('device', `dock-${n}`);
  gathered.add('rollout', 'r');
  expect(gathered.drain()).toEqual([{ kind: 'resync', ids: [] }]);
  gathered.add('rollout', 'r');
  expect(gathered.drain()).toEqual([{ kind: 'rollout', ids: ['r'] }]);
});
