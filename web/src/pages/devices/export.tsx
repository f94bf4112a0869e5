import { type ReactNode, useState } from 'react';
import { Fault, isoTime, systemClock } from '@pier/shared/core';
import { useApi } from '../../api/index.ts';
import { ActButton, saveFile } from '../../parts/index.ts';
import { count } from '../../words/index.ts';
import { csvOf } from './csv.ts';
import { gatherDevices, gatherMax } from './gather.ts';
import type { Which } from './view.ts';

/** All devices that match, as a file. They are read page by page, and the button counts along. */
export function Export({ which, matched }: { which: Which; matched: number | undefined }): ReactNode {
  const api = useApi();
  const [state, setState] = useState<{ readonly read: number } | { readonly failed: string }>();
  const reads = state && 'read' in state ? state.read : undefined;
  const off = matched === undefined ? 'Counts the devices first.' : matched === 0 ? 'Nothing matches.' : matched > gatherMax ? `At most ${count(gatherMax)} at once; ${count(matched)} match.` : undefined;
  const act = async (): Promise<void> => {
    if (reads !== undefined) return;
    setState({ read: 0 });
    try {
      const devices = await gatherDevices(api, { which, onCount: (read) => setState({ read }) });
      saveFile(`devices-${isoTime(systemClock.nowMs()).slice(0, 10)}.csv`, csvOf(devices), 'text/csv;charset=utf-8');
      setState(undefined);
    } catch (thrown) {
      setState({ failed: thrown instanceof Fault ? thrown.message : String(thrown) });
    }
  };
  return (
    <span className="devices-wide">
      <ActButton icon="download" off={off} offQuiet onClick={() => void act()}>{reads === undefined ? 'Export' : `${count(reads)} of ${count(matched ?? reads)}`}</ActButton>
      {state && 'failed' in state && <span className="why-off" role="alert">Not exported: {state.failed}.</span>}
    </span>
  );
}
