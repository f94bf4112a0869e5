import { Fault } from '@pier/shared/core';
import type { Chip } from './chips.ts';
import type { Kernel } from './kernel.ts';
import { requests, structs } from './layout.ts';
import type { Pollers } from './pollers.ts';

/** What all lines of one board share. */
export type Site = {
  readonly kernel: Kernel;
  readonly pollers: Pollers;
  readonly gone: AbortSignal;
  /** Asks the kernel for something; a refusal becomes a `hardware-fault`, or `board-gone` when the chip itself is. */
  readonly ask: (chip: Chip, order: { readonly fd: number; readonly request: number; readonly what: string }, bytes: Uint8Array) => void;
  /** The board is gone when this chip does not answer any more: then every line of it hears of it. */
  readonly checkGone: (chip: Chip) => void;
};

export function openSite({ kernel, pollers }: Pick<Site, 'kernel' | 'pollers'>): Site {
  const gone = new AbortController();
  const { ioctl, nameOf } = kernel;
  const checkGone = (chip: Chip): void => {
    if (gone.signal.aborted) return;
    const errno = ioctl(chip.fd, requests.GPIO_GET_CHIPINFO_IOCTL, new Uint8Array(structs.gpiochip_info.bytes));
    if (errno !== 0) gone.abort(new Fault('board-gone', `chip ${chip.label} (${chip.path}) is gone: ${nameOf(errno)}`));
  };
  return {
    kernel,
    pollers,
    gone: gone.signal,
    checkGone,
    ask: (chip, { fd, request, what }, bytes) => {
      if (gone.signal.aborted) throw gone.signal.reason;
      const errno = ioctl(fd, request, bytes);
      if (errno === 0) return;
      checkGone(chip);
      if (gone.signal.aborted) throw gone.signal.reason;
      throw new Fault('hardware-fault', `the kernel does not ${what}: ${nameOf(errno)}`, { errno: nameOf(errno) });
    },
  };
}
