/** The fleet that the pages of the browser tests show: two real devices, an app that is proven, a rollout that was refused, people. */
import { AppName, type DeviceId } from '@pier/shared/core';
import { Asks } from '@pier/shared/capability';
import { exampleGuest } from '../support/guests.ts';
import { type World, button, led, openWorld, rolloutIn } from '../support/world.ts';

export const app = AppName.parse('blink');

export type Harbour = {
  readonly world: World;
  readonly devices: readonly [DeviceId, DeviceId];
  /** Completed; the same app, refused by a stranger's key; a release that asks for one pin more. */
  readonly proven: { readonly release: string; readonly rollout: string };
  readonly next: { readonly release: string };
  readonly board: string;
  readonly admin: { readonly user: string; readonly password: string };
} & AsyncDisposable;

export async function openHarbour(): Promise<Harbour> {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(await openWorld());
  const [quay, mill] = await Promise.all([world.addDevice('quay', { tags: { site: 'harbour' } }), world.addDevice('mill', { tags: { site: 'mill' }, model: 'raspberry-pi-5' })]);
  await world.bind(quay.device, app, { led, button });
  await world.bind(mill.device, app, { led: { kind: 'gpio', chip: 'pinctrl-rp1', line: 17, modes: ['out'] }, button: { kind: 'gpio', chip: 'pinctrl-rp1', line: 27, modes: ['in'] } });
  const guest = { ...(await exampleGuest('blink')), app };
  const first = await world.push({ ...guest, version: '1.0.0', counter: 1 });
  const rollout = await world.rollOutTo(first, { selector: 'site in (harbour, mill)', soakS: 0, deadlineS: 600, waves: [{ take: { by: 'selector', selector: 'site=harbour' } }] });
  await rolloutIn(world, rollout, ['completed'], 240_000);
  const asks = Asks.parse(guest.asks);
  const second = await world.push({ ...guest, version: '1.1.0', counter: 2, asks: { ...asks, gpio: [...asks.gpio, { label: 'bell', mode: 'in' }] } });
  const { release } = await world.api.call('getRollout', { params: { id: rollout } });
  const next = (await world.api.call('createRelease', { body: { repository: second.repository, digest: second.digest } })).id;
  const owned = opening.move();
  return { world, devices: [quay.device, mill.device], proven: { release, rollout }, next: { release: next }, board: 'board-quay', admin: world.manager.admin, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
