import { Radio } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Me } from '@pier/shared/api';
import { Region } from '../../parts/index.ts';

type Role = Me['role'];
export const roles = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[];

/** What each role adds to the one before it. */
const may: Readonly<Record<Role, string>> = {
  viewer: 'sees everything here, and makes API tokens and a password of its own; changes nothing of the fleet',
  operator: 'also rolls out, stops and rolls back, lets devices in and out, binds pins, sends commands',
  admin: 'also makes and removes people, ends anybody’s tokens, sets the trust policy',
};

export function Roles(): ReactNode {
  return (
    <Region title="Roles" note="each may what stands before it, too">
      <dl className="people-roles">
        {roles.map((role) => <div key={role}><dt>{role}</dt><dd>{may[role]}</dd></div>)}
      </dl>
    </Region>
  );
}

/** `atMost`: no role above it is offered. */
export function RoleField({ value, onChange, atMost = 'admin' }: { value: Role; onChange: (next: Role) => void; atMost?: Role }): ReactNode {
  return (
    <Radio.Group label="Role" value={value} onChange={(next) => onChange(roles.find((role) => role === next) ?? value)}>
      <div className="people-choices">
        {roles.slice(0, roles.indexOf(atMost) + 1).map((role) => <Radio key={role} value={role} label={role} description={may[role]} />)}
      </div>
    </Radio.Group>
  );
}
