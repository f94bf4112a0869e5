import { expect, test } from 'vitest';
import { objectLinks, releaseLinks } from './object-links.ts';

test.each([
  ['device:pi-7', [{ text: 'pi-7', href: '/devices/pi-7' }]],
  ['rollout:rollout-1', [{ text: 'rollout-1', href: '/rollouts/rollout-1' }]],
  ['release:rel-1', [{ text: 'rel-1', href: '/releases/rel-1' }]],
  ['deployment:rollout-1/pi-7', [{ text: 'pi-7', href: '/devices/pi-7' }, { text: ' in ' }, { text: 'rollout-1', href: '/rollouts/rollout-1' }]],
  ['simulated-board:board-quay-1', [{ text: 'simulated board board-quay-1', href: '/simulator/board-quay-1' }]],
  ['user:ada', [{ text: 'user ada', href: '/people' }]],
  ['policy:17', [{ text: 'policy 17', href: '/keys' }]],
])('%s leads to what it is about', (object, words) => {
  expect(objectLinks(object)).toEqual(words);
});

test.each(['operator:alice', 'toString:x', 'moon', 'device:', 'deployment:rollout-1'])('%s is shown as it is, and leads nowhere', (object) => {
  expect(objectLinks(object)).toEqual([{ text: object }]);
});

test('an id cannot lead out of its page', () => {
  expect(objectLinks('release:../keys?x#y')[0]?.href).toBe('/releases/..%2Fkeys%3Fx%23y');
});

test('a started rollout leads to its release as well, another act on it does not', () => {
  expect(releaseLinks({ action: 'rollout.created', detail: { release: 'rel-1' } })).toEqual([{ text: ' of ' }, { text: 'rel-1', href: '/releases/rel-1' }]);
  expect(releaseLinks({ action: 'rollout.created', detail: {} })).toEqual([]);
  expect(releaseLinks({ action: 'rollout.pause', detail: { release: 'rel-1' } })).toEqual([]);
});
