import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function DevicePage(): ReactNode {
  return <PageHead title="Device" />;
}
