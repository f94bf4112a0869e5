import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function NewRolloutPage(): ReactNode {
  return <PageHead title="New rollout" />;
}
