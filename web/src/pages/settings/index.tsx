import type { ReactNode } from 'react';
import { useMe } from '../../api/index.ts';
import { PageHead } from '../../parts/index.ts';
import { Account } from './account.tsx';
import { Addresses } from './addresses.tsx';
import { Looks } from './looks.tsx';
import { ThisManager } from './this-manager.tsx';
import { Views } from './views.tsx';
import './settings.css';

/** What is one's own here: looks, keys, password, views; and what this manager is and where it is reached. */
export default function SettingsPage(): ReactNode {
  const me = useMe();
  return (
    <>
      <PageHead title="Settings" facts={<span>Signed in as {me.user}; role {me.role}.</span>} />
      <div className="columns">
        <div className="columns-main">
          <Looks />
          <Account />
          <Views />
        </div>
        <div className="columns-side">
          <ThisManager />
          <Addresses />
        </div>
      </div>
    </>
  );
}
