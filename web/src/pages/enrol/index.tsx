import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function EnrolPage(): ReactNode {
  return <PageHead title="Enrol" />;
}
