import { expect, test } from 'vitest';
import { Rollout } from '@pier/shared/api';
import { show } from '../../testing/render.tsx';
import { History } from './history.tsx';
import { deployment, device } from './testing.ts';

const at = '2026-11-20T00:00:00.000Z';
const rollout = Rollout.parse({ id: 'rollout-1', name: 'x', release: 'rel-1', app: 'blink', version: '1.4.0', digest: `sha256:${'a'.repeat(64)}`, state: 'completed', cause: null, reason: null, selector: 'all', mode: 'static', soakS: 60, deadlineS: 600, maxInFlight: 5, onFailure: 'pause', horizonS: 60, revision: 1, waves: [], createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null });

test('a deployment names the version that its rollout brought; the app alone where that rollout is not known', async () => {
  const none = () => ({ items: [], next: null });
  const deployments = [deployment('proven'), { ...deployment('rolled_back'), rollout: 'rollout-0' }];
  const screen = await show(<History device={device({ deployments })} />, { answers: { listEvents: none, listAudit: none, listRollouts: () => ({ items: [rollout], next: null }) } });
  const rows = screen.getByRole('region', { name: 'Deployments' }).getByRole('listitem');
  await expect.poll(() => rows.nth(0).element().textContent).toContain('blink 1.4.0 in wave 1');
  await expect.poll(() => rows.nth(1).element().textContent).toContain('blink in wave 1');
});
