/** What keeps a device as a whole from doing anything, whatever its apps are: pure, so that what a person reads can be tested. */
import type { Device, DeviceStanding, WhyCode } from '@pier/shared/api';

/** In the same words as the page's. */
export const standingWords = {
  in_step: 'in step',
  soaking: 'soaking',
  updating: 'updating',
  waiting: 'waiting',
  held: 'held',
  offline: 'offline',
  failed: 'failed',
  refused: 'refused',
  pending: 'asks to join',
  never_heard: 'never heard',
  revoked: 'revoked',
} as const satisfies Record<DeviceStanding, string>;

/** The manager's word for two boards that come with one identity. */
const conflict: WhyCode = 'identity-conflict';
/** And for a device that has yet to come back to a manager that started anew. */
const awaited: WhyCode = 'device.awaited';

/** One sentence with what to do, or undefined where the device is let in and there. */
export function troubleOf({ id, state, online, lastSeenAt, why }: Pick<Device, 'id' | 'state' | 'online' | 'lastSeenAt' | 'why'>): string | undefined {
  if (state === 'pending') return `${id} waits to be let in: pier device approve ${id}`;
  if (state === 'revoked') return `${id} is revoked: nothing is offered to it, and nothing it says is taken. Enrol the board anew with a claim token: pier token create`;
  if (why?.code === conflict) return `${id} is refused, ${conflict}: ${why.reason}`;
  if (online) return undefined;
  if (why?.code === awaited) return `the manager has started anew, and ${id} has not come back to it yet; it was last heard at ${lastSeenAt ?? 'no time that is known'}: what follows is as of then`;
  return lastSeenAt === null ? `${id} was let in, and has not been heard of yet` : `${id} is offline since ${lastSeenAt}: what follows is as of then. Look after the board's power and network`;
}
