import { expect, test } from 'vitest';
import { cookieMayChange, isRole, lesserRole, registryRight } from './rules.ts';

test('the lesser of two roles counts', () => {
  expect(lesserRole('admin', 'viewer')).toBe('viewer');
  expect(lesserRole('viewer', 'admin')).toBe('viewer');
  expect(lesserRole('operator', 'operator')).toBe('operator');
});

test('only the three words are roles', () => {
  expect(['viewer', 'operator', 'admin', 'root', '', 'Admin'].filter(isRole)).toEqual(['viewer', 'operator', 'admin']);
});

test('reading needs no proof of where a request comes from, changing does', () => {
  expect(cookieMayChange('GET', undefined)).toBe(true);
  expect(cookieMayChange('HEAD', 'cross-site')).toBe(true);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'QUERY']) expect(cookieMayChange(method, 'cross-site')).toBe(false);
  expect(cookieMayChange('PUT', 'same-origin')).toBe(true);
});

test('who may not change anything may not push', () => {
  expect(registryRight({ name: 'v', role: 'viewer' })).toBe('pull');
  expect(registryRight({ name: 'o', role: 'operator' })).toBe('push');
});
