import { type Clock, Fault } from '@pier/shared/core';
import type { Board, BoardProfile } from '@pier/shared/hardware';
import { type MachineRoots, machinePorts, machineSerial, modelOf } from '../machine/index.ts';
import { type Chip, chipDevices, openChips } from './chips.ts';
import type { Kernel } from './kernel.ts';
import { openLine } from './line.ts';
import type { Pollers } from './pollers.ts';
import { profileChip } from './profile.ts';
import { type Site, openSite } from './site.ts';

export type ChardevDeps = {
  /** Called when there are chips to ask: what it loads is not small. */
  readonly openKernel: () => Kernel;
  readonly pollers: Pollers;
  readonly clock: Clock;
  readonly roots: MachineRoots;
};

/**
 * The pins of this machine through the GPIO character device, uAPI v2 (linux/gpio.h), and its serial ports. Lines are held
 * until they are disposed, or until this process ends: the kernel takes them back either way.
 * Faults: `board-none` when no chip can be used, saying why of each; `platform-unsupported` without the parts that were compiled.
 */
export async function openChardevBoard({ openKernel, pollers, clock, roots }: ChardevDeps, signal: AbortSignal): Promise<Board> {
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const devices = chipDevices(roots.dev);
  if (devices.length === 0) throw new Fault('board-none', `no pins through the GPIO character device: there is no ${roots.dev}/gpiochip*`);
  const kernel = openKernel();
  const opened = openChips(kernel, devices, roots);
  if (!opened.ok) throw new Fault(opened.refusal.code, `no pins through the GPIO character device: ${opened.refusal.reason}`);
  const chips = opened.value;
  for (const chip of chips) stack.use(chip);
  const model = modelOf(roots);
  const profile: BoardProfile = { model, chips: chips.map((chip) => profileChip(chip, model)), serial: machinePorts(roots), onRelease: 'input' };
  const site = openSite({ kernel, pollers });
  for (const chip of chips) stack.use(await watchChip(site, chip));
  const held = new Set<AsyncDisposable>();
  stack.defer(async () => {
    // By a stack, so that a line that cannot be released keeps no other from it.
    await using lines = new AsyncDisposableStack();
    for (const line of held) lines.use(line);
  });
  const owned = stack.move();
  return {
    profile,
    gone: site.gone,
    openLine: (request, lineSignal) => openLine({ site, profile, chips, held }, request, lineSignal),
    openSerial: machineSerial({ clock, profile, gone: site.gone }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A chip that is unplugged ends the wait for its descriptor (Linux 6.3 and later; before, the next access tells). */
async function watchChip({ pollers, checkGone }: Site, chip: Chip): Promise<Disposable> {
  // Not waited for again: nothing was asked to be told of its lines, so that a chip has nothing to say but its end.
  return await pollers.watch(chip.fd, () => checkGone(chip));
}
