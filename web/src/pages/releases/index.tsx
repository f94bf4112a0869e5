import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function ReleasesPage(): ReactNode {
  return <PageHead title="Releases" />;
}
