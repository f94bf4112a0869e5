import type { ReactNode } from 'react';
import { PageHead } from '../../parts/index.ts';

export default function SettingsPage(): ReactNode {
  return <PageHead title="Settings" />;
}
