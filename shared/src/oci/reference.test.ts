import { describe, expect, test } from 'vitest';
import { parseReference, policyNameOf } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const fault = expect.objectContaining({ code: 'input-invalid' }) as unknown;

test.each([
  ['blink', { repository: 'blink' }],
  ['apps/blink', { repository: 'apps/blink' }],
  ['apps/blink:v1', { repository: 'apps/blink', tag: 'v1' }],
  [`apps/blink@${digest}`, { repository: 'apps/blink', digest }],
  [`apps/blink:v1@${digest}`, { repository: 'apps/blink', tag: 'v1', digest }],
  ['blink:5000', { repository: 'blink', tag: '5000' }],
  ['a.b', { repository: 'a.b' }],
  ['localhost/blink', { host: 'localhost', repository: 'blink' }],
  ['localhost:5000/a/b:v1.2-rc_3', { host: 'localhost:5000', repository: 'a/b', tag: 'v1.2-rc_3' }],
  ['registry.example/apps/blink', { host: 'registry.example', repository: 'apps/blink' }],
  ['Registry.Example:443/apps/blink', { host: 'registry.example:443', repository: 'apps/blink' }],
  ['127.0.0.1:5000/blink', { host: '127.0.0.1:5000', repository: 'blink' }],
  ['[::1]:5000/blink:v1', { host: '[::1]:5000', repository: 'blink', tag: 'v1' }],
  ['manager/apps/blink', { repository: 'manager/apps/blink' }],
  ['a__b/c-d/e---f/g.h', { repository: 'a__b/c-d/e---f/g.h' }],
])('%s is read', (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});

describe('is refused', () => {
  test.each([
    ['nothing', ''],
    ['an upper-case repository', 'Apps/blink'],
    ['an empty part', 'apps//blink'],
    ['a leading slash', '/blink'],
    ['a trailing slash', 'apps/'],
    ['a step up', 'apps/../secret'],
    ['a separator at an end', 'apps/-blink'],
    ['two kinds of separators together', 'apps/a.-b'],
    ['three underscores', 'a___b'],
    ['a scheme', 'https://registry.example/blink'],
    ['a user in front of the host', 'user@registry.example/blink'],
    ['a space', 'apps/ blink'],
    ['a line feed at the end', 'apps/blink\n'],
    ['a query', 'apps/blink?x=1'],
    ['an escape', 'apps/%2e%2e/blink'],
    ['an empty tag', 'blink:'],
    ['a tag that starts with a dot', 'blink:.v1'],
    ['a tag of 129 characters', `blink:${'a'.repeat(129)}`],
    ['two tags', 'blink:a:b'],
    ['an empty digest', 'blink@'],
    ['a path for a digest', 'blink@sha256:../../x'],
    ['an upper-case digest', `blink@sha256:${'A'.repeat(64)}`],
    ['a digest of 63 digits', `blink@sha256:${'a'.repeat(63)}`],
    ['an md5 digest', `blink@md5:${'a'.repeat(32)}`],
    ['a sha512 digest', `blink@sha512:${'a'.repeat(128)}`],
    ['two digests', `blink@${digest}@${digest}`],
    ['a port that is no number', 'registry.example:http/blink'],
    ['a port of zero', 'registry.example:0/blink'],
    ['a host with an underscore', 'bad_host.example/blink'],
    ['a host that ends with a dash', 'bad-.example/blink'],
    ['a host alone', 'registry.example:5000/'],
    ['a name of 256 characters', 'a'.repeat(256)],
    ['a name that is too long with its host', `registry.example/${'a'.repeat(250)}`],
  ])('%s', (_, text) => {
    expect(() => parseReference(text)).toThrow(fault);
  });

  test('a megabyte of text, in a short sentence', () => {
    expect(() => parseReference(`${'a/'.repeat(500_000)}A`)).toThrow(/^.{1,800}$/s);
  });
});

test("a reference without a host is the manager's in policies, and no host can take that name", () => {
  expect(policyNameOf(parseReference('apps/blink:v1'))).toBe('manager/apps/blink');
  expect(policyNameOf(parseReference('registry.example:5000/apps/blink'))).toBe('registry.example:5000/apps/blink');
  expect(policyNameOf(parseReference('manager/apps/blink'))).toBe('manager/manager/apps/blink');
});
