import type { ReactNode } from 'react';

/** A deck on three piles with their reflection; also a pin header. */
export function Mark({ size = 22 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M2 3h20v4H2zM4.5 7h3.500v8H4.500zM10.250 7h3.500v8h-3.500zM16 7h3.500v8H16z" fill="currentColor" />
      <path d="M4.5 17.500h3.500V21H4.500zM10.250 17.500h3.500V21h-3.500zM16 17.500h3.500V21H16z" fill="var(--accent)" />
    </svg>
  );
}
