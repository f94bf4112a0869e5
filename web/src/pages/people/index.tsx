import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function PeoplePage(): ReactNode {
  return <PageHead title="People" />;
}
