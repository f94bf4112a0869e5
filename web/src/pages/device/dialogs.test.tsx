import { expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import { Dialogs } from './dialogs.tsx';
import { device, release } from './testing.ts';

const asks = { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] };
const nothing = (): void => {
  // Closing is not what is looked at here.
};

test('a binding can only move to a free line, shows what changes, and sends all of them', async () => {
  const sent: unknown[] = [];
  const screen = await show(<Dialogs device={device()} dialog={{ kind: 'bindings', app: 'blink' }} onClose={nothing} />, {
    answers: {
      getRelease: () => release(asks),
      putBindings: (request) => {
        sent.push((request as { body: unknown }).body);
        return {};
      },
    },
  });
  await expect.element(screen.getByText('Nothing has changed.')).toBeVisible();
  const line = screen.getByLabelText('led: line');
  await expect.poll(() => [...(line.element() as HTMLSelectElement).options].map(({ textContent }) => textContent)).toEqual(['Not bound', 'GPIO17, pin 11', 'GPIO22, pin 15']);
  await line.selectOptions('GPIO22, pin 15');
  await expect.element(screen.getByRole('cell', { name: 'GPIO22, pin 15, out' })).toBeVisible();
  await screen.getByRole('button', { name: 'Change 1 binding' }).click();
  await expect.poll(() => sent).toEqual([{ led: { kind: 'gpio', chip: 'pinctrl', line: 22, modes: ['out'] } }]);
});

test('a restart says where the outputs go meanwhile, and what the manager refuses stays in sight with what was typed', async () => {
  const screen = await show(<Dialogs device={device()} dialog={{ kind: 'app.restart' }} onClose={nothing} />, {
    answers: {
      getRelease: () => release(asks),
      commandApp: () => {
        throw new Fault('conflict', 'device "mill-1" is revoked');
      },
    },
  });
  await expect.element(screen.getByText('→ low')).toBeVisible();
  await screen.getByLabelText('Why (kept in the audit)').fill('it hangs');
  await screen.getByRole('button', { name: 'Restart blink' }).click();
  await expect.poll(() => screen.container.ownerDocument.querySelector('[role=alert]')?.textContent).toMatch(/Device "mill-1" is revoked\. conflict/);
  await expect.element(screen.getByLabelText('Why (kept in the audit)')).toHaveValue('it hangs');
});

test('a device that is offline cannot be told anything, and it says so', async () => {
  const screen = await show(<Dialogs device={device({ online: false })} dialog={{ kind: 'app.stop', app: 'blink' }} onClose={nothing} />, { answers: { getRelease: () => release(asks) } });
  await expect.element(screen.getByText(/The device is offline: a command reaches it only while it is online/)).toBeVisible();
});

test('trust is ended only by who types the id', async () => {
  const revoked: unknown[] = [];
  const screen = await show(<Dialogs device={device()} dialog={{ kind: 'revoke' }} onClose={nothing} />, {
    answers: {
      revokeDevice: (request) => {
        revoked.push(request);
        return device();
      },
    },
  });
  await expect.element(screen.getByRole('button', { name: 'Revoke 1 device' })).toHaveAttribute('aria-disabled', 'true');
  await screen.getByLabelText('Type mill-1 to confirm').fill('mill-1');
  await screen.getByRole('button', { name: 'Revoke 1 device' }).click();
  await expect.poll(() => revoked.length).toBe(1);
});

test('a command for a shell is put together and checked, and says that a browser has no key', async () => {
  const screen = await show(<Dialogs device={device()} dialog={{ kind: 'console' }} onClose={nothing} />);
  await expect.element(screen.getByText(/operator key, which no browser holds/)).toBeVisible();
  await screen.getByLabelText('Verb').selectOptions('app.stop');
  await screen.getByLabelText('forS').fill('soon');
  await expect.element(screen.getByText('./pier cmd mill-1 app.stop app=blink forS=soon')).toBeVisible();
  await expect.element(screen.getByText(/The device would refuse it: forS/)).toBeVisible();
});

test('only the tag that was changed is sent', async () => {
  const sent: unknown[] = [];
  const screen = await show(<Dialogs device={device()} dialog={{ kind: 'tags' }} onClose={nothing} />, {
    answers: {
      changeDevice: (request) => {
        sent.push((request as { body: unknown }).body);
        return device();
      },
    },
  });
  await screen.getByLabelText('Value of site').fill('quay');
  await screen.getByRole('button', { name: 'Change 1 tag' }).click();
  await expect.poll(() => sent).toEqual([{ setTags: { site: 'quay' } }]);
});
