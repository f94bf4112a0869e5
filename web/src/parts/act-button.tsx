import { Button } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import type { IconName } from '../words/index.ts';
import { Icon } from './icon.tsx';

type Props = {
  readonly children: ReactNode;
  readonly onClick: () => void;
  readonly icon?: IconName;
  readonly variant?: 'default' | 'primary' | 'danger' | 'warn' | 'plain';
  readonly compact?: boolean;
  /** Why it is off; then it stays, dashed, with the reason beside it. */
  readonly off?: string | undefined;
  /** The reason only as a hint and for screen readers, where it already stands elsewhere. */
  readonly offQuiet?: boolean;
  readonly loading?: boolean;
};

/** A button that never vanishes: one that cannot be used says why. */
export function ActButton({ children, onClick, icon, variant = 'default', compact = false, off, offQuiet = false, loading = false }: Props): ReactNode {
  const why = useId();
  return (
    <span className="act">
      <Button variant={variant} {...(compact && { 'data-size': 'compact' })} leftSection={icon && <Icon name={icon} />} loading={loading} {...(off === undefined ? { onClick } : { 'data-disabled': true, 'aria-disabled': true, 'aria-describedby': why, title: off })}>
        {children}
      </Button>
      {off !== undefined && <span id={why} className={offQuiet ? 'sr-only' : 'why-off'}>{off}</span>}
    </span>
  );
}
