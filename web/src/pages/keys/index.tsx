import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function KeysPage(): ReactNode {
  return <PageHead title="Keys and policy" />;
}
