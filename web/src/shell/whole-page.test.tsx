import { type ReactNode, lazy } from 'react';
import { expect, test } from 'vitest';
import { useAnswer } from '../api/index.ts';
import { Answered } from '../parts/index.ts';
import { aboutWith, show } from '../testing/render.tsx';
import { WholePage } from './whole-page.tsx';

/** Says who it is, and asks on only once the first question is answered. */
function Version(): ReactNode {
  const about = useAnswer('getAbout', {});
  return <><h1>This manager</h1><Answered of={about} what="the manager">{({ version }) => <><p>Version {version}</p><Addresses /></>}</Answered></>;
}

function Addresses(): ReactNode {
  const addresses = useAnswer('getAddresses', {});
  return <Answered of={addresses} what="its addresses">{({ device }) => <p>For devices {device}</p>}</Answered>;
}

const never = (): never => new Promise(() => {}) as never;
const longMs = 600_000;

test('a page is shown once its first questions are answered, and those that the answers brought', async () => {
  const about = Promise.withResolvers();
  const addresses = Promise.withResolvers();
  const asked: string[] = [];
  const answers = {
    getAbout: () => { asked.push('about'); return about.promise as never; },
    getAddresses: () => { asked.push('addresses'); return addresses.promise as never; },
  };
  const screen = await show(<WholePage heldMaxMs={longMs}><Version /></WholePage>, { answers });
  const head = screen.getByText('This manager');
  await expect.poll(() => asked).toEqual(['about']);
  await expect.element(head).not.toBeVisible();
  about.resolve(aboutWith(1)());
  await expect.poll(() => asked).toEqual(['about', 'addresses']);
  await expect.element(head).not.toBeVisible();
  addresses.resolve({ device: 'https://pier.example:8443', mqtt: 'm', registry: 'r', ca: 'c' });
  await expect.element(head).toBeVisible();
  await expect.element(screen.getByText('For devices https://pier.example:8443')).toBeVisible();
  await expect.element(screen.getByText('Waiting for the page.')).not.toBeInTheDocument();
});

test('one that waits for too long shows what it has, and what it waits for', async () => {
  const screen = await show(<WholePage heldMaxMs={1}><Version /></WholePage>, { answers: { getAbout: aboutWith(1), getAddresses: never } });
  await expect.element(screen.getByText('Version 9.9.9')).toBeVisible();
  await expect.element(screen.getByText('Waiting for its addresses.')).toBeInTheDocument();
});

test('an answer that fails holds nothing back', async () => {
  const screen = await show(<WholePage heldMaxMs={longMs}><Version /></WholePage>);
  await expect.element(screen.getByText(/The manager could not be read/)).toBeVisible();
});

test('while its script is not there, it waits without an end', async () => {
  const script = Promise.withResolvers<{ default: () => ReactNode }>();
  const Late = lazy(() => script.promise);
  const screen = await show(<WholePage heldMaxMs={1}><Late /></WholePage>);
  await expect.element(screen.getByText('Waiting for the page.')).toBeInTheDocument();
  script.resolve({ default: () => <h1>Here at last</h1> });
  await expect.element(screen.getByText('Here at last')).toBeVisible();
});
