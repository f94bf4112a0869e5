import type { ReactNode } from 'react';
import { Region, TableScroll } from '../../parts/index.ts';

const rows = [
  ['the network or the registry', 'delay, drop, serve old or broken bytes', 'make a byte run that no release key signed'],
  ['the broker', 'delay, drop, read, publish anything', 'change what runs: devices refuse what the scheduler did not sign'],
  ['this manager, with its keys', 'stop apps, delay, choose among signed releases not below a device’s counter, change bindings', 'run new code, sign a policy, give an app a pin that no binding gives'],
  ['an app', 'use what it was granted', 'reach another line, folder or app, or leave an output unsafe'],
  ['a device', 'lie about itself', 'speak as another, or push artifacts'],
] as const;

/** What follows from who holds which key, whatever the policy says. */
export function BreakIns(): ReactNode {
  return (
    <Region title="If it is broken into">
      <TableScroll>
        <table className="table keys-break-ins">
          <thead><tr><th scope="col">Who has</th><th scope="col">can</th><th scope="col">cannot</th></tr></thead>
          <tbody>{rows.map(([what, can, cannot]) => <tr key={what}><th scope="row">{what}</th><td>{can}</td><td>{cannot}</td></tr>)}</tbody>
        </table>
      </TableScroll>
      <p className="small dim keys-after">The root and release keys never come here. All of it, with the tests that show it: docs/threat-model.md.</p>
    </Region>
  );
}
