import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { receiver } from './cmd.ts';

/** As of somebody who never logged in. */
beforeEach(() => {
  vi.stubEnv('PIER_HOME', '/nowhere');
  for (const name of ['PIER_MANAGER', 'PIER_API_TOKEN']) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

const away = { manager: 'http://127.0.0.1:1', token: 'a-token' };

test.each([
  ['who has no token', {}],
  ['whose manager does not answer', away],
])('%s may command a device by its id', async (_, options) => {
  expect(await receiver('quay-1-x', options)).toBe('quay-1-x');
});

test.each([
  ['who has no token', {}, /"Quay 1" is no id.*pier login/],
  ['whose manager does not answer', away, /"Quay 1" is no id.*no manager answers/],
])('%s learns why a name cannot be looked up', async (_, options, why) => {
  await expect(receiver('Quay 1', options)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringMatching(why) });
});
