import { systemClock } from '@pier/shared/core';
import { type Play, detailOf, idsOf, led, others, pierEnds, player, replaceOnce, runningAt, ship, start, waveOf } from '../play.ts';

const low = 0;

/** A version that traps after its start: it stops at the canary, which returns by itself, its output safe throughout. */
export async function trapAtCanary(play: Play): Promise<void> {
  const { steps, judge } = play;
  const canary = player(play, 'depot-1');
  const before = await runningAt(play, others(play, 'depot-1'), 'blink');
  const bad = await steps.step('blink 1.3.0 traps a moment after its start', () => ship(play, { version: '1.3.0', asks: addSiren, edit: (source) => replaceOnce(source, 'sleepMs(pauseMs);', 'sleepMs(pauseMs);\n    if (nowNs - startedNs > 600_000_000) { print("about to divide by nothing"); led.set(true); unreachable(); }').replace('let toggledNs = monotonicNs();', 'let toggledNs = monotonicNs();\n  const startedNs = toggledNs;') }));
  const sinceNs = String(systemClock.monotonicNs());
  const rollout = await steps.step('its rollout starts: canary, two, rest', () => start(play, { release: bad, players: play.fleet, waves: [waveOf([canary]), waveOf([player(play, 'quay-1'), player(play, 'mill-1')])], extra: ['--soak', '3'] }));
  await steps.step('the canary’s attempt fails, with the reason', () => judge.ask('deployment', { device: canary.device, rollout, state: 'failed', code: 'guest-trapped' }));
  await steps.step('the gate stops the rollout there', () => judge.ask('rollout', { id: rollout, state: 'paused', cause: 'gate' }));
  await steps.step('the canary is back on its last good version by itself', () => judge.ask('runs', { devices: [canary.device], app: 'blink', version: '1.2.0' }));
  await steps.step('its last lines are there, and the time until its outputs were safe', () => judge.ask('causeOfDeath', { device: canary.device, app: 'blink', text: 'about to divide by nothing' }));
  await steps.step('the output, left on by the trap, was put into its safe state at once: the simulator’s record', () => judge.ask('wasSafe', { device: canary.device, line: led, sinceNs, level: low }));
  await steps.step('nobody else was offered it', () => judge.ask('neverOffered', { id: rollout, devices: idsOf(others(play, 'depot-1')) }));
  await steps.step('nobody else was touched', () => judge.ask('untouched', { since: before, app: 'blink' }));
  await steps.step('the operator aborts it', () => pierEnds(play, ['rollout', 'abort', rollout], 0));
}

const addSiren = (asks: { gpio: unknown[] }): void => void asks.gpio.push({ label: 'siren', mode: 'out', safe: 'inactive' });

/** A device that is away during its wave holds nobody up, and is served when it returns. */
export async function missOneDevice(play: Play): Promise<void> {
  const { steps, judge, stage, manager, mirror } = play;
  const away = player(play, 'depot-2');
  const there = others(play, 'depot-2');
  const next = await steps.step('blink 1.4.0 is made', () => ship(play, { version: '1.4.0', asks: addSiren }));
  await steps.step('depot-2 loses its power', async () => {
    await away.agent[Symbol.asyncDispose]();
  });
  const rollout = await steps.step('the rollout starts: canary, then the rest', () => start(play, { release: next, players: play.fleet, waves: [waveOf([player(play, 'quay-2')])] }));
  await steps.step('it completes with all that are there', () => judge.ask('rollout', { id: rollout, state: 'completed' }));
  await steps.step('they run it', () => judge.ask('runs', { devices: idsOf(there), app: 'blink', version: '1.4.0' }));
  await steps.step('the one that is away waits, and says why', () => judge.ask('why', { device: away.device, app: 'blink', code: 'device.offline' }));
  await steps.step('depot-2 is back, and starts what it had', async () => {
    away.agent = (await stage.startAgent({ manager: manager.device, board: away.board.dir, mirror, name: away.name })).process;
  });
  await steps.step('it is served without anybody’s doing', () => judge.ask('deployment', { device: away.device, rollout, state: 'proven' }));
}

/** An abort in the middle, and a roll back that walks the waves backwards. */
export async function turnBack(play: Play): Promise<void> {
  const { steps, judge } = play;
  const first = player(play, 'mill-1');
  const half = await steps.step('blink 1.5.0 is rolled out; its second wave waits for a person', async () => {
    const id = await ship(play, { version: '1.5.0', asks: addSiren });
    return start(play, { release: id, players: play.fleet, waves: [waveOf([first], ';manual')] });
  });
  await steps.step('the first wave is proven', () => judge.ask('deployment', { device: first.device, rollout: half, state: 'proven' }));
  await steps.step('pier rollout preview says what each verb would hit', () => pierEnds(play, ['rollout', 'preview', half], 0));
  await steps.step('the operator aborts it in the middle', () => pierEnds(play, ['rollout', 'abort', half, '--remark', 'changed our minds'], 0));
  await steps.step('it is aborted', () => judge.ask('rollout', { id: half, state: 'aborted' }));
  await steps.step('the rest was never asked', () => judge.ask('neverOffered', { id: half, devices: idsOf(others(play, 'mill-1')) }));
  await steps.step('what runs stays', () => judge.ask('runs', { devices: [first.device], app: 'blink', version: '1.5.0' }));

  const waves = [[first], [player(play, 'quay-1'), player(play, 'quay-2')], others(play, 'mill-1', 'quay-1', 'quay-2')];
  const whole = await steps.step('blink 1.6.0 is rolled out to all, in three waves', async () => {
    const id = await ship(play, { version: '1.6.0', asks: addSiren });
    return start(play, { release: id, players: play.fleet, waves: waves.slice(0, 2).map((wave) => waveOf(wave)) });
  });
  await steps.step('it completes', () => judge.ask('rollout', { id: whole, state: 'completed' }));
  await steps.step('the operator rolls it back', () => pierEnds(play, ['rollout', 'rollback', whole, '--remark', 'the customer wants the old one'], 0));
  await steps.step('it is rolled back', () => judge.ask('rollout', { id: whole, state: 'rolled_back' }));
  await steps.step('the waves went backwards', () => judge.ask('wavesBackwards', { id: whole, waves: waves.map(idsOf) }));
  await steps.step('each device runs what it ran before: its own last good', async () => {
    await judge.ask('runs', { devices: [first.device], app: 'blink', version: '1.5.0' });
    return judge.ask('runs', { devices: idsOf(others(play, 'mill-1')), app: 'blink', version: '1.4.0' });
  });
  await steps.step('and says that it is proven', async () => `${(await detailOf(play, first)).deployments[0]?.state}`);
}
