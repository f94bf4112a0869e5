import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function SimulatorPage(): ReactNode {
  return <PageHead title="Simulator" />;
}
