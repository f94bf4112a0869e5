import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function RolloutsPage(): ReactNode {
  return <PageHead title="Rollouts" />;
}
