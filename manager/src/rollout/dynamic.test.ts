import { describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { device } from '../db/index.ts';
import { answer, useRollouts } from '../../../test/support/rollouts.ts';

const world = useRollouts();
const { at, rolloutAt, statesOf, start, newDevice, newDevices, newRelease, auditOf, tickLater } = world;

describe('a dynamic rollout', () => {
  test('takes devices that match later, into the wave opened last, also after its end; a static one does not', async () => {
    const tags = { site: 'harbour' };
    const [a, release] = [await newDevice({ tags }), await newRelease()];
    const still = await newDevice({ tags: { site: 'yard' } });
    const id = await start(release, [], { mode: 'dynamic', selector: 'site=harbour', waves: [{ devices: [a] }, { devices: [] }] });
    const fixed = await start(release, [still], { selector: 'site=yard' });
    const late = await newDevice({ tags });
    const yard = await newDevice({ tags: { site: 'yard' } });
    await tickLater();
    expect(await at(id, late)).toMatchObject({ wave: 1, state: 'offered' });
    expect(await at(fixed, yard)).toBeUndefined();
    for (const one of [a, late]) await answer(world, { id, device: one, release });
    await world.fleet.tick();
    expect(await rolloutAt(id)).toMatchObject({ state: 'completed' });
    const last = await newDevice({ tags });
    await tickLater();
    expect(await at(id, last)).toMatchObject({ wave: 2, state: 'offered' });
    await answer(world, { id, device: last, release });
    await tickLater();
    expect([(await rolloutAt(id))?.state, (await at(id, last))?.state]).toEqual(['completed', 'proven']);
    expect((await auditOf(`rollout:${id}`)).filter((row) => row.action === 'rollout.joined')).toMatchObject([{ detail: { wave: 1, devices: [late] } }, { detail: { wave: 2, devices: [last] } }]);
  });

  test('leaves a device to a newer rollout, and takes over one that waits in an older', async () => {
    const tags = { site: 'mill' };
    const [release, other] = [await newRelease(), await newRelease()];
    const [first, waiting] = [await newDevice({ tags }), await newDevice({ online: false, tags: { site: 'elsewhere' } })];
    const older = await start(other, [waiting]);
    const id = await start(release, [first], { mode: 'dynamic', selector: 'site=mill' });
    const taken = await newDevice({ online: false });
    const newer = await start(other, [taken]);
    for (const one of [waiting, taken]) await world.fleet.db.update(device).set({ tags }).where(eq(device.id, one));
    await tickLater();
    expect([(await at(older, waiting))?.state, (await at(id, waiting))?.state]).toEqual(['superseded', 'waiting']);
    expect([(await at(newer, taken))?.state, await at(id, taken)]).toEqual(['waiting', undefined]);
  });

  test('takes nobody in whom a person left out', async () => {
    const tags = { site: 'quay' };
    const [[a, b], release] = [await newDevices(2, { tags }), await newRelease()];
    if (!a || !b) throw new Error('two devices');
    const id = await start(release, [a, b], { mode: 'dynamic', selector: 'site=quay' });
    await world.act(id, { verb: 'exclude', devices: [b] });
    await tickLater();
    expect(await statesOf(id, [a, b])).toEqual(['offered', 'excluded']);
  });
});
