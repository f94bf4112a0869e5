import type { Permission } from '@pier/shared/api';

export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Whether a role may use a route: each role may all that the ones before it may. */
export function mayUse(role: Role, permission: Permission): boolean {
  return permission === 'public' || roles.indexOf(role) >= roles.indexOf(permission);
}
