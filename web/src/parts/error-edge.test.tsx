import { type ReactNode, useState } from 'react';
import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { ErrorEdge } from './error-edge.tsx';

/** A page that breaks, in a shell that does not. */
function Shell({ thrown }: { thrown: unknown }): ReactNode {
  const [at, go] = useState('/broken');
  return (
    <>
      <button type="button" onClick={() => go('/sound')}>Another page</button>
      <button type="button" onClick={() => go('/broken')}>The same page</button>
      <ErrorEdge at={at}>{at === '/sound' ? <h1>Sound</h1> : <Broken thrown={thrown} />}</ErrorEdge>
    </>
  );
}

/** All that is said of what broke. */
const said = async (screen: Awaited<ReturnType<typeof show>>): Promise<string> => {
  await expect.element(screen.getByRole('alert')).toBeVisible();
  return screen.getByRole('alert').element().textContent ?? '';
};

function Broken({ thrown }: { thrown: unknown }): ReactNode {
  throw thrown;
}

test('a page that breaks says so in words, with ways back; what stands around it stays', async () => {
  const screen = await show(<Shell thrown={new Error('states is undefined')} />);
  await expect.element(screen.getByRole('heading', { level: 1, name: 'This page cannot be shown' })).toBeVisible();
  expect(await said(screen)).toContain('States is undefined. The manager and the devices know nothing of it');
  await expect.element(screen.getByRole('link', { name: 'To the overview' })).toHaveAttribute('href', '/');
  await expect.element(screen.getByRole('button', { name: 'Load anew' })).toBeEnabled();
  await expect.element(screen.getByRole('button', { name: 'Another page' })).toBeVisible();
});

test('another page is shown as if nothing had been, and the broken one tried anew', async () => {
  const screen = await show(<Shell thrown={new Error('once')} />);
  await screen.getByRole('button', { name: 'Another page' }).click();
  await expect.element(screen.getByRole('heading', { level: 1, name: 'Sound' })).toBeVisible();
  await expect.poll(() => screen.getByRole('alert').elements().length).toBe(0);
  await screen.getByRole('button', { name: 'The same page' }).click();
  expect(await said(screen)).toContain('Once.');
});

test.each([
  ['text', 'no more', 'No more.'],
  ['an error without words', new Error(''), 'It did not say which one.'],
  ['markup', new Error('<img src=x onerror="document.title=1">'), '<img src=x onerror="document.title=1">.'],
  ['very much', new Error('x'.repeat(100_000)), `X${'x'.repeat(499)}.`],
])('%s that is thrown is said as text, and bounded', async (_, thrown, says) => {
  const screen = await show(<Shell thrown={thrown} />);
  expect(await said(screen)).toContain(says);
  expect(screen.getByRole('alert').element().querySelector('img')).toBeNull();
  expect((await said(screen)).length).toBeLessThan(1_000);
});
