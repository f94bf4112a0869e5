import { type ReactNode, useState } from 'react';
import type { Forecast, Rollout, RolloutPlan } from '@pier/shared/api';
import { systemRandom } from '@pier/shared/core';
import { useAct } from '../../api/index.ts';
import { ActDialog } from '../../parts/index.ts';
import { bytes, count, counted, duration } from '../../words/index.ts';

type Props = { readonly plan: RolloutPlan; readonly forecast: Forecast; readonly onClose: () => void; readonly onStarted: (rollout: Rollout) => void };

/** The effect once more, and the last button. Pressed twice, or answered too late, it is still one rollout. */
export function StartDialog({ plan, forecast, onClose, onStarted }: Props): ReactNode {
  const [idempotencyKey] = useState(() => Array.from({ length: 3 }, () => Math.floor(systemRandom() * 2 ** 40).toString(36)).join('-'));
  const create = useAct('createRollout');
  const { app, version, devices, needsApproval } = forecast;
  const title = needsApproval ? `Ask for approval of ${app} ${version}` : `Start ${app} ${version}`;
  const wait = forecast.wouldWait.reduce((sum, one) => sum + one.count, 0);
  return (
    <ActDialog title={title} act={needsApproval ? `Ask for approval for ${counted(devices, 'device')}` : `Start for ${counted(devices, 'device')}`} asksWhy={false} onClose={onClose} onAct={async () => onStarted(await create.mutateAsync({ body: plan, idempotencyKey }))}
      sub={needsApproval ? `Nothing is sent before it is approved: ${needsApproval.reason}.` : `The first wave is offered at once${plan.waves.length > 1 ? '; the others as their gates open' : ''}.`}>
      <table className="table">
        <thead><tr><th scope="col">Wave</th><th scope="col">Takes</th><th scope="col" className="end">Devices</th></tr></thead>
        <tbody>
          {forecast.waves.map(({ n, devices: of }, index) => <tr key={n}><td>Wave {n}</td><td>{takes(plan, index)}</td><td className="end">{count(of)}</td></tr>)}
          <tr className="strong"><td colSpan={2}>All</td><td className="end">{count(devices)}</td></tr>
        </tbody>
      </table>
      <p className="small dim">
        {count(forecast.online)} of {count(devices)} online, {count(wait)} would wait first; {bytes(forecast.bytes)} to fetch. Each device is soaked for {duration(plan.soakS * 1_000)} unless its wave says otherwise; when a gate fails, {plan.onFailure === 'pause' ? 'it pauses' : 'every device is rolled back'}.
      </p>
    </ActDialog>
  );
}

/** The last wave may be one that nobody wrote down: it takes the rest. */
function takes(plan: RolloutPlan, index: number): ReactNode {
  const take = plan.waves[index]?.take ?? { by: 'rest' };
  if (take.by === 'selector') return <code>{take.selector}</code>;
  return take.by === 'count' ? counted(take.count, 'device') : take.by === 'percent' ? `${take.percent} % of all` : 'the rest';
}
