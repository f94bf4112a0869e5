import type { DeviceId } from '@pier/shared/core';

/** Who asks the registry, decided by the listener before: devices pull, people pull or push. */
export type Access =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'user'; readonly user: string; readonly may: 'pull' | 'push' };

export function mayPush(who: Access): boolean {
  return who.kind === 'user' && who.may === 'push';
}
