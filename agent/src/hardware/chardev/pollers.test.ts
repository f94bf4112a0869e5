import { systemClock } from '@pier/shared/core';
import { expect, test } from 'vitest';
import { Pollers, openChardevBoard } from './index.ts';
import { ToyKernel } from './toy-kernel.ts';

const never = new AbortController().signal;

test('an addon that does not load on this machine says that the backend is none for it, so that the next one is tried', async () => {
  using toy = new ToyKernel();
  toy.addChip('gpiochip0', 'pinctrl-rp1', [{}]);
  const pollers = new Pollers(() => Promise.reject(new Error('wrong ELF class\nRequire stack: …')));
  const opening = openChardevBoard({ openKernel: () => toy.kernel, pollers, clock: systemClock, roots: toy.roots }, never);
  await expect(opening).rejects.toMatchObject({ code: 'platform-unsupported', message: expect.stringMatching(/@serialport\/bindings-cpp.*wrong ELF class$/) });
});

test('a descriptor that cannot be waited for is a fault of the hardware', async () => {
  await expect(new Pollers().watch(-1, () => {})).rejects.toMatchObject({ code: 'hardware-fault' });
});
