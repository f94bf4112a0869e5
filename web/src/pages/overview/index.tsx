import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function OverviewPage(): ReactNode {
  return <PageHead title="Overview" />;
}
