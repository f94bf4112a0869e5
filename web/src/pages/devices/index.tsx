import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function DevicesPage(): ReactNode {
  return <PageHead title="Devices" />;
}
