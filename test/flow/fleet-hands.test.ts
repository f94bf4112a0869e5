/** What people do to rollouts: at once, against each other, twice, and after they have mended what was wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppName, type DeviceId, toFault } from '@pier/shared/core';
import type { AnswerOf, RolloutVerb } from '@pier/shared/api';
import { trappingGuest } from '../support/guests.ts';
import { type Pushed, type World, deploymentIn, led, openWorld, rolloutIn, until } from '../support/world.ts';

const forEver = 3_600_000;
const app = AppName.parse('hands');

let world: World;
let quay: DeviceId;
let mill: DeviceId;
let bea: Awaited<ReturnType<World['addPerson']>>;

beforeAll(async () => {
  world = await openWorld();
  bea = await world.addPerson('bea', 'operator');
  [{ device: quay }, { device: mill }] = await Promise.all([world.addDevice('quay', { tags: { site: 'harbour' } }), world.addDevice('mill', { tags: { site: 'harbour' } })]);
  for (const device of [quay, mill]) await world.bind(device, app, { led });
  await rolloutIn(world, await world.rollOutTo(await push(), both()), ['completed']);
});
afterAll(() => world[Symbol.asyncDispose]());

let counter = 0;
/** Each version has bytes of its own, so that it is not in any store already. */
async function push(more: { signer?: 'stranger' } = {}): Promise<Pushed> {
  counter += 1;
  return world.push({ app, version: `1.0.${counter}`, counter, ...(await trappingGuest(forEver + counter)), ...more });
}
const both = () => ({ devices: [quay, mill], soakS: 0 });
const canary = () => ({ ...both(), waves: [{ take: { by: 'selector' as const, selector: `id=${quay}` }, advance: 'manual' as const }] });
const rolloutOf = (id: string) => world.api.call('getRollout', { params: { id } });
const act = (id: string, body: { verb: RolloutVerb; devices?: DeviceId[] }, api = world.api) => api.call('actOnRollout', { params: { id }, ifMatch: '*', body: body as never });
const stateOf = async (device: DeviceId, rollout: string) => (await world.look(device)).deployments.find((one) => one.rollout === rollout)?.state;
const releaseOf = async ({ repository, digest }: Pushed) => (await world.api.call('createRelease', { body: { repository, digest } })).id;
const running = async (device: DeviceId) => (await world.look(device)).reported?.apps[app]?.running?.version;
const whyOf = async (device: DeviceId) => (await world.api.call('whyDevice', { params: { device }, query: { app } })).items[0]?.code;
const auditOf = async (object: string) => (await world.api.call('listAudit', { query: { object, limit: 200 } })).items.map((one) => one.action);

/** The button of a page: the answer's status, and what the answer says. */
async function press(id: string, { verb, revision, token }: { verb: RolloutVerb; revision: number; token: string }): Promise<{ status: number; code?: string; detail?: string }> {
  const answer = await fetch(new URL(`/api/v1/rollouts/${id}/acts`, world.manager.http), { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': `"${revision}"` }, body: JSON.stringify({ verb }) });
  return { status: answer.status, ...((await answer.json()) as object) };
}

describe('two people', () => {
  test.each([['advance', 'pause'], ['abort', 'roll_back'], ['pause', 'pause']] as const)('who press %s and %s at once, decided on the same revision: one is heard, the other is told that it is stale', async (one, other) => {
    const id = await world.rollOutTo(await push(), canary());
    await deploymentIn(world, { device: quay, rollout: id, states: ['proven'] });
    const { revision } = await until('the first wave passed', async () => ((await rolloutOf(id)).waves[0]?.state === 'passed' ? rolloutOf(id) : undefined));
    const [ours, hers] = await Promise.all([press(id, { verb: one, revision, token: world.manager.admin.token }), press(id, { verb: other, revision, token: bea.token })]);
    expect([ours.status, hers.status].toSorted((a, b) => a - b)).toEqual([200, 412]);
    expect(ours.status === 412 ? ours : hers).toMatchObject({ code: 'revision-stale', detail: expect.stringContaining(`revision ${revision}`) });
    const done = (await auditOf(`rollout:${id}`)).filter((action) => action === `rollout.${one}` || action === `rollout.${other}`);
    expect(done).toEqual([`rollout.${ours.status === 200 ? one : other}`]);
    // Advanced, it may complete before it can be aborted.
    const refused = await act(id, { verb: 'abort' }).then(() => undefined, (cause: unknown) => toFault(cause).code);
    expect([undefined, 'verb-unfit']).toContain(refused);
    await rolloutIn(world, id, ['aborted', 'rolled_back', 'completed']);
  });

  test('and a request that is sent twice under one key starts one rollout; another plan under that key is refused', async () => {
    const release = await releaseOf(await push());
    const body = { ...both(), release };
    const send = () => world.api.call('createRollout', { body, idempotencyKey: 'once-1' });
    const [first, second] = await Promise.all([send(), send()]);
    expect(second.id).toBe(first.id);
    expect((await send()).id).toBe(first.id);
    await expect(world.api.call('createRollout', { body: { ...body, soakS: 1 }, idempotencyKey: 'once-1' })).rejects.toMatchObject({ code: 'conflict' });
    expect((await world.api.call('listRollouts', { query: { limit: 500 } })).items.filter((one) => one.release === release)).toHaveLength(1);
    await rolloutIn(world, first.id, ['completed']);
  });
});

describe('trust', () => {
  test('a withdrawn release pauses its rollout, is offered to nobody more, and starts no other', async () => {
    const pushed = await push();
    const release = await releaseOf(pushed);
    const id = await world.rollOutTo(pushed, canary());
    await deploymentIn(world, { device: quay, rollout: id, states: ['proven'] });
    await world.api.call('withdrawRelease', { params: { id: release }, body: { remark: 'burns' } });
    expect(await rolloutIn(world, id, ['paused'])).toMatchObject({ cause: 'trust' });
    await expect(act(id, { verb: 'resume' })).rejects.toMatchObject({ code: 'verb-unfit' });
    await expect(act(id, { verb: 'advance' })).rejects.toMatchObject({ code: 'verb-unfit' });
    await expect(world.api.call('createRollout', { body: { ...both(), release } })).rejects.toMatchObject({ code: 'release-withdrawn' });
    expect([await whyOf(mill), await stateOf(mill, id), await running(quay)]).toEqual(['release.withdrawn', 'waiting', `1.0.${counter}`]);
    await act(id, { verb: 'abort' });
    await rolloutIn(world, id, ['aborted']);
  });

  test('an artifact that a stranger signed, and a selector that matches nobody, start nothing', async () => {
    await expect(world.rollOutTo(await push({ signer: 'stranger' }), both())).rejects.toMatchObject({ code: 'release-unverified' });
    await expect(world.rollOutTo(await push(), { selector: 'site=nowhere' })).rejects.toMatchObject({ code: 'selection-empty', message: expect.stringContaining('site=nowhere') });
    expect((await world.api.call('listRollouts', { query: { limit: 1 } })).items[0]?.version).not.toBe(`1.0.${counter}`);
  });

  test('above the number that the policy names, a second person has to approve; the first cannot', async () => {
    await world.setPolicy({ approvals: { above: 1 } });
    const id = await world.rollOutTo(await push(), both());
    expect(await rolloutOf(id)).toMatchObject({ state: 'awaiting_approval', reason: { code: 'approval.second-person' } });
    await expect(act(id, { verb: 'approve' })).rejects.toMatchObject({ code: 'forbidden' });
    expect([await whyOf(quay), await stateOf(quay, id), await stateOf(mill, id)]).toEqual(['rollout.approval', 'waiting', 'waiting']);
    await act(id, { verb: 'approve' }, bea.api);
    expect(await rolloutIn(world, id, ['completed'])).toMatchObject({ decidedBy: 'bea' });
    const denied = await world.rollOutTo(await push(), both());
    await act(denied, { verb: 'deny' }, bea.api);
    expect(await rolloutIn(world, denied, ['denied'])).toMatchObject({ waves: [{ counts: { cancelled: 2 } }] });
    const alone = await world.rollOutTo(await push(), { devices: [mill], soakS: 0 });
    await rolloutIn(world, alone, ['completed']);
    await world.setPolicy();
  });
});

describe('a device that is refused by its own cache', () => {
  let pushed: Pushed;
  const site = (how: 'corrupt' | 'heal') => fetch(`${world.mirror}/${how}/${pushed.layer}`, { method: 'POST' });
  const pausedAtFirst = async () => {
    pushed = await push();
    await site('corrupt');
    const id = await world.rollOutTo(pushed, { ...both(), maxInFlight: 1 });
    expect(await rolloutIn(world, id, ['paused'])).toMatchObject({ cause: 'gate' });
    const [bad] = (await world.api.call('listDeployments', { params: { id }, query: { state: 'refused' } })).items;
    expect(bad?.reason?.code).toBe('digest-mismatch');
    return { id, bad: bad?.device ?? quay, next: bad?.device === quay ? mill : quay };
  };

  test('is retried with success once the cause is mended, and not before', async () => {
    const { id, bad, next } = await pausedAtFirst();
    await act(id, { verb: 'retry', devices: [bad] });
    await until('refused once more', async () => (await auditOf(`deployment:${id}/${bad}`)).filter((action) => action === 'deployment.refused').length === 2 || undefined);
    expect([(await rolloutIn(world, id, ['paused'])).cause, await stateOf(next, id)]).toEqual(['gate', 'waiting']);
    await site('heal');
    await act(id, { verb: 'retry' });
    expect(await rolloutIn(world, id, ['completed'])).toMatchObject({ waves: [{ state: 'passed', counts: { proven: 2 } }] });
    expect(await world.api.call('whyRollout', { params: { id } })).toEqual({ total: 2, proven: 2, reasons: [] });
  });

  test('is left out, and the rollout goes on without it', async () => {
    const { id, bad, next } = await pausedAtFirst();
    await expect(act(id, { verb: 'resume' })).rejects.toMatchObject({ code: 'verb-unfit' });
    const before = await running(bad);
    await act(id, { verb: 'exclude', devices: [bad] });
    await site('heal');
    await act(id, { verb: 'resume' });
    await rolloutIn(world, id, ['completed']);
    expect([await stateOf(next, id), await stateOf(bad, id), await whyOf(bad), await running(bad)]).toEqual(['proven', 'excluded', 'rollout.excluded', before]);
    expect(await world.api.call('whyRollout', { params: { id } })).toMatchObject({ total: 2, proven: 1, reasons: [{ code: 'rollout.excluded', count: 1 }] });
  });
});

test('what a person assigned by hand stays out of rollouts, until it is given back', async () => {
  const release = await releaseOf(await push());
  await world.api.call('assignApp', { params: { device: quay, app }, body: { release, soakS: 0 } });
  await until('the assigned release running', async () => ((await running(quay)) === `1.0.${counter}` ? true : undefined));
  const byHand = `1.0.${counter}`;
  await until('the assigned release proven', async () => ((await whyOf(quay)) === 'proven' ? true : undefined));
  const pushed = await push();
  await expect(world.rollOutTo(pushed, both())).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(quay) });
  const plan = { selector: 'site=harbour', soakS: 0 };
  expect((await world.api.call('forecastRollout', { body: { ...plan, release: await releaseOf(pushed) } })).leftOut).toMatchObject([{ code: 'assigned.by-hand', count: 1, devices: [quay] }]);
  await rolloutIn(world, await world.rollOutTo(pushed, plan), ['completed']);
  expect([await running(quay), await running(mill), await whyOf(quay)]).toEqual([byHand, `1.0.${counter}`, 'assigned.by-hand']);
  await world.api.call('releaseApp', { params: { device: quay, app } });
  await rolloutIn(world, await world.rollOutTo(pushed, plan), ['completed']);
  expect(await running(quay)).toBe(`1.0.${counter}`);
});

test('the stream tells each change of a rollout, and after a lost line what was missed', async () => {
  type Change = AnswerOf<'streamChanges'>;
  /** Listens until it has heard of all that is wanted, and gives the last id. */
  const listen = async (after: string | undefined, whenHeard: () => Promise<void>, isEnough: (heard: readonly Change[]) => boolean): Promise<{ heard: Change[]; last: string | undefined }> => {
    const stop = new AbortController();
    const heard: Change[] = [];
    let last = after;
    let begun: Promise<void> | undefined;
    for await (const { id, data } of world.api.follow('streamChanges', { after }, AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]))) {
      last = id ?? last;
      heard.push(data);
      begun ??= whenHeard();
      if (isEnough(heard)) break;
    }
    await begun;
    stop.abort();
    return { heard, last };
  };
  const tells = (id: string) => (heard: readonly Change[]) => heard.some(({ kind, ids }) => kind === 'rollout' && ids.includes(id));
  let id = '';
  const pushed = await push();
  const first = await listen(undefined, async () => void (id = await world.rollOutTo(pushed, canary())), (heard) => id !== '' && tells(id)(heard));
  expect(first.heard[0]).toEqual({ kind: 'resync', ids: [] });
  expect(first.last).toMatch(/^\d+$/);
  await deploymentIn(world, { device: quay, rollout: id, states: ['proven'] });
  await act(id, { verb: 'abort' });
  await rolloutIn(world, id, ['aborted']);
  const again = await listen(first.last, async () => {}, tells(id));
  expect(again.heard.some(({ kind }) => kind === 'resync')).toBe(false);
  expect(Number(again.last)).toBeGreaterThan(Number(first.last));
});
