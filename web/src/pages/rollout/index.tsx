import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function RolloutPage(): ReactNode {
  return <PageHead title="Rollout" />;
}
