import { systemClock } from '@pier/shared/core';
import { type Play, idsOf, led, others, pier, pierEnds, player, ship, start, waveOf } from '../play.ts';

const nominalV = 230;

/** blink in three waves, then meter beside it on every device. */
export async function rollOutInWaves(play: Play): Promise<void> {
  const { steps, judge, env, fleet } = play;
  const sitesOf = Object.fromEntries([...new Set(fleet.map((one) => one.site))].map((site) => [site, idsOf(fleet.filter((one) => one.site === site))]));
  await steps.step('the fleet is online, and selectors find each site', () => judge.ask('enrolled', { devices: idsOf(fleet), sites: sitesOf }));
  await steps.step('the operator binds led and button to real lines, by each model’s own chip', async () => {
    for (const one of fleet) await pier(env, ['binding', 'set', one.device, 'blink', `led=${one.chip}:17:out`, `button=${one.chip}:27:in`]);
  });
  const release = await steps.step('blink 1.0.0 is built from AssemblyScript, packed, pushed, signed and made a release', () => ship(play, { version: '1.0.0' }));
  const waves = [[player(play, 'mill-1')], [player(play, 'quay-1'), player(play, 'depot-1')], others(play, 'mill-1', 'quay-1', 'depot-1')];
  await steps.step('the forecast says who is hit and in which wave, before anything starts', () => pierEnds(play, ['rollout', 'start', release, '--selector', 'exists(site)', '--wave', '1', '--wave', '2', '--dry-run'], 0));
  const rollout = await steps.step('its rollout starts: one canary, then two, then the rest', () => start(play, { release, players: fleet, waves: waves.slice(0, 2).map((wave) => waveOf(wave)) }));
  await steps.step('the waves advance by themselves', () => judge.ask('advancesAlone', { id: rollout, state: 'completed' }));
  await steps.step('each wave waited for the proof of the one before', () => judge.ask('wavesInOrder', { id: rollout, waves: waves.map(idsOf) }));
  await steps.step('the simulator sees all six LEDs blink', () => judge.ask('blinks', { devices: idsOf(fleet), line: led, edges: 4 }));
  await steps.step('the app answers a press of the button', () => judge.ask('answersButton', { device: player(play, 'quay-2').device, line: led }));
  await steps.step('pier rollout watch ends with 0', () => pierEnds(play, ['rollout', 'watch', rollout, '--timeout', '30'], 0));
}

/** The second app on the same devices: a Modbus meter on a serial port. */
export async function rollOutMeter(play: Play): Promise<void> {
  const { steps, judge, env, fleet } = play;
  const quay = player(play, 'quay-1');
  await steps.step('a foreign Modbus client reads the meter at the board’s serial port', () => judge.ask('foreignReads', { device: quay.device }));
  await steps.step('the operator binds the meter’s port on each device', async () => {
    for (const one of fleet) await pier(env, ['binding', 'set', one.device, 'meter', `meter=serial:${one.board.dir}/serial/meter`]);
  });
  const release = await steps.step('meter 1.0.0 is built, signed and made a release', () => ship(play, { app: 'meter', version: '1.0.0' }));
  const sinceMs = systemClock.nowMs();
  const rollout = await steps.step('its rollout starts, to all at once', () => start(play, { release, players: fleet }));
  await steps.step('all are proven', () => judge.ask('rollout', { id: rollout, state: 'completed' }));
  await steps.step('the voltage of all six meters arrives', () => judge.ask('telemetry', { devices: idsOf(fleet), series: 'voltage', near: nominalV, sinceMs }));
  await steps.step('both apps run on one device at once', () => judge.ask('blinks', { devices: idsOf(fleet), line: led, edges: 2 }));
  await steps.step('the port belongs to the app alone', () => judge.ask('portIsHeld', { device: quay.device }));
  await steps.step('what the meter shows is what arrives', () => judge.ask('followsMeter', { device: quay.device, power: 1_234 }));
  await steps.step('unplugged in the middle of it all, and plugged in again, the app goes on', () => judge.ask('survivesUnplug', { device: quay.device, voltage: nominalV }));
}
