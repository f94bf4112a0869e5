import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function ReleasePage(): ReactNode {
  return <PageHead title="Release" />;
}
