import { describe, expect, test } from 'vitest';
import type { AnswerOf } from '@pier/shared/api';
import { DeviceId, Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import EnrolPage from './index.tsx';

const pending = (name: string): AnswerOf<'listPending'>['items'][number] => ({ device: DeviceId.parse(`${name}-abc`), name, model: 'raspberry-pi-4b', fingerprint: '3e1bbd6d2b2dc918aa', token: 'token-1', askedAt: '2026-11-20T10:00:00.000Z' });
const token = (id: string, more: Partial<AnswerOf<'listTokens'>['items'][number]> = {}): AnswerOf<'listTokens'>['items'][number] => ({ id, uses: 1, usesMax: 4, tags: { site: 'lab' }, approval: true, expiresAt: '2100-01-01T00:00:00.000Z', createdBy: 'ada', createdAt: '2026-11-20T10:00:00.000Z', ...more });
const answers = {
  listPending: () => ({ items: ['bench-1', 'bench-2', 'bench-3'].map(pending), next: null }),
  listTokens: () => ({ items: [token('token-1'), token('token-old', { expiresAt: '2020-01-01T00:00:00.000Z' })], next: null }),
  listAudit: () => ({ items: [], next: null }),
  getAddresses: () => ({ device: 'https://pier.example:8443', mqtt: 'mqtts://pier.example:8883', registry: 'https://pier.example:8443', ca: '' }),
};

describe('boards that ask to join', () => {
  test('are approved many at once; one that fails is told by name, the others stay approved', async () => {
    const asked: string[] = [];
    const approveDevice = (request: unknown): never => {
      const { params: { device } } = request as { params: { device: string } };
      asked.push(device);
      if (device !== 'bench-2-abc') return undefined as never;
      throw new Fault('conflict', 'device "bench-2-abc" is revoked');
    };
    const screen = await show(<EnrolPage />, { answers: { ...answers, approveDevice } });
    await screen.getByRole('checkbox', { name: 'All 3 shown' }).click();
    await screen.getByRole('button', { name: 'Approve 3…' }).click();
    await screen.getByRole('button', { name: 'Approve 3 boards' }).click();
    await expect.element(screen.getByRole('alert')).toHaveTextContent('2 of 3 approved; bench-2: device "bench-2-abc" is revoked (conflict).');
    expect(asked).toEqual(['bench-1-abc', 'bench-2-abc', 'bench-3-abc']);
  });

  test('cannot be decided on before one is chosen, and the reason says so', async () => {
    const screen = await show(<EnrolPage />, { answers });
    await expect.element(screen.getByRole('button', { name: 'Deny…' })).toHaveAttribute('aria-disabled', 'true');
    await expect.element(screen.getByRole('button', { name: 'Deny…' })).toHaveAccessibleDescription('Choose boards first.');
  });

  test('are not asked for by a viewer, who is told why', async () => {
    const listPending = (): never => {
      throw new Error('a viewer asked for it');
    };
    const screen = await show(<EnrolPage />, { answers: { ...answers, listPending }, me: { user: 'vera', role: 'viewer' } });
    await expect.element(screen.getByText('Who waits and which tokens there are is shown', { exact: false })).toBeVisible();
  });
});

describe('tokens', () => {
  test('that let nobody in any more stand behind a button that counts them', async () => {
    const screen = await show(<EnrolPage />, { answers });
    await expect.element(screen.getByRole('heading', { name: 'Tokens' })).toBeVisible();
    await expect.element(screen.getByRole('img', { name: '1 of 4 used' })).toBeVisible();
    expect(screen.getByRole('cell', { name: /^token-old/ }).elements()).toEqual([]);
    await screen.getByRole('button', { name: 'Show 1 used up or ended' }).click();
    await expect.element(screen.getByRole('cell', { name: /^token-old/ })).toBeVisible();
  });

  test('are made with what was typed, and shown once with the commands that use them', async () => {
    const asked: unknown[] = [];
    const createToken = (request: unknown) => {
      asked.push((request as { body: unknown }).body);
      return { id: 'token-2', token: 'pier1.secret', expiresAt: '2026-11-21T10:00:00.000Z', uses: 2 };
    };
    const getAbout = () => ({ version: '0.1.0', node: '24', database: { version: '18', embedded: true }, replica: 'r', startedAt: '2026-11-20T10:00:00.000Z', simulator: false, policy: 1 });
    const screen = await show(<EnrolPage />, { answers: { ...answers, createToken, getAbout } });
    await screen.getByRole('button', { name: 'New token…' }).click();
    await screen.getByLabelText('Boards', { exact: true }).fill('2');
    await screen.getByRole('textbox', { name: /^Tags/ }).fill('site');
    await expect.element(screen.getByText('"site" has no value', { exact: false }).first()).toBeVisible();
    await screen.getByRole('textbox', { name: /^Tags/ }).fill('site=lab');
    await screen.getByRole('button', { name: 'Make a token for 2 boards' }).click();
    await expect.element(screen.getByRole('group', { name: 'The new token' })).toHaveTextContent('pier1.secretCopy');
    await expect.element(screen.getByRole('group', { name: 'Starts the agent with the token' }).getByText('--manager https://pier.example:8443', { exact: false })).toBeVisible();
    expect(asked).toEqual([{ uses: 2, expiresInS: 86_400, tags: { site: 'lab' }, approval: false }]);
    await screen.getByRole('button', { name: 'Done, hide it' }).click();
    await expect.poll(() => screen.getByText('pier1.secret').elements()).toEqual([]);
  });
});
