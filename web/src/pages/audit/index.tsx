import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function AuditPage(): ReactNode {
  return <PageHead title="Audit" />;
}
