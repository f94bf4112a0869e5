import { expect, test } from 'vitest';
import { commonNameOf, identityOf } from './identity.ts';

test.each([
  ['pi-1', { kind: 'device', device: 'pi-1' }],
  ['manager', { kind: 'device', device: 'manager' }],
  ['manager:a', { kind: 'manager', replica: 'a' }],
  ['operator:ada', { kind: 'operator', name: 'ada' }],
  ['manager:operator', { kind: 'manager', replica: 'operator' }],
])('the common name %s stands for one identity, and it for that name', (name, identity) => {
  const seen = identityOf(name);
  expect(seen).toEqual(identity);
  expect(seen && commonNameOf(seen)).toBe(name);
});

test.each([[''], ['manager:'], ['operator:'], [':a'], ['manager:a:b'], ['operator:Ada'], ['Manager:a'], ['admin:a'], ['manager:a/b'], ['manager:+'], ['pi 1'], ['pi.1'], ['-pi'], ['pi-1\n'], ['manager:a\n'], [' manager:a'], ['x'.repeat(64)], [`manager:${'x'.repeat(64)}`], ['__proto__']])('%j stands for nobody', (name) => {
  expect(identityOf(name)).toBeUndefined();
});
