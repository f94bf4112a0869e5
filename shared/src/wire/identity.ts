import { DeviceId } from '../core/index.ts';

/** Who stands behind a client certificate's common name; the forms cannot be taken for one another, a device id has no colon. */
export type Identity =
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'manager'; readonly replica: string }
  | { readonly kind: 'operator'; readonly name: string };

export function identityOf(commonName: string): Identity | undefined {
  const named = /^(manager|operator):([a-z0-9][a-z0-9-]{0,62})$/.exec(commonName);
  if (named?.[1] === 'manager' && named[2] !== undefined) return { kind: 'manager', replica: named[2] };
  if (named?.[1] === 'operator' && named[2] !== undefined) return { kind: 'operator', name: named[2] };
  const device = DeviceId.safeParse(commonName);
  return device.success ? { kind: 'device', device: device.data } : undefined;
}

export function commonNameOf(identity: Identity): string {
  if (identity.kind === 'device') return identity.device;
  return identity.kind === 'manager' ? `manager:${identity.replica}` : `operator:${identity.name}`;
}
