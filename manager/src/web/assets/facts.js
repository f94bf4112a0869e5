// What the page says, made of what the API answered: no clock, no network and no document in here.

/** Word, colour family and icon of each state; the family orders the ledger as well. */
export const deploymentWords = {
  proven: ['Proven', 'ok', 'check'],
  soaking: ['Soaking', 'ok', 'hourglass'],
  accepted: ['Accepted', 'busy', 'ring'],
  downloading: ['Downloading', 'busy', 'ring'],
  verifying: ['Verifying', 'busy', 'ring'],
  applying: ['Applying', 'busy', 'ring'],
  offered: ['Offered', 'waiting', 'clock'],
  waiting: ['Waiting', 'waiting', 'clock'],
  rolling_back: ['Rolling back', 'back', 'back'],
  rolled_back: ['Rolled back', 'back', 'back'],
  excluded: ['Excluded', 'excluded', 'cross'],
  cancelled: ['Cancelled', 'excluded', 'cross'],
  superseded: ['Superseded', 'excluded', 'chevrons'],
  refused: ['Refused', 'refused', 'bar'],
  failed: ['Failed', 'failed', 'octagon'],
  timed_out: ['Timed out', 'failed', 'octagon'],
  rollback_failed: ['Not rolled back', 'failed', 'octagon'],
};
const rolloutWords = {
  running: ['Running', 'busy', 'ring'],
  paused: ['Paused', 'paused', 'pause'],
  completed: ['Completed', 'ok', 'check'],
  awaiting_approval: ['Waits for approval', 'waiting', 'clock'],
  rolling_back: ['Rolling back', 'back', 'back'],
  rolled_back: ['Rolled back', 'back', 'back'],
  aborting: ['Aborting', 'offline', 'square'],
  denied: ['Denied', 'offline', 'square'],
  aborted: ['Aborted', 'offline', 'square'],
};
const waveWords = {
  pending: ['Not open', 'waiting', 'clock'],
  active: ['Open', 'busy', 'ring'],
  soaking: ['Soaking', 'ok', 'hourglass'],
  reopened: ['Reopened', 'failed', 'octagon'],
  passed: ['Passed', 'ok', 'check'],
  failed: ['Not passed', 'failed', 'octagon'],
};
const eventWords = {
  'desired.refused': ['Desired document', 'refused', 'bar'],
  'artifact.refused': ['Artifact', 'refused', 'bar'],
  'command.refused': ['Command', 'refused', 'bar'],
  'app.trapped': ['App trapped', 'failed', 'octagon'],
  'app.exited': ['App ended', 'failed', 'octagon'],
  'app.failed': ['App failed', 'failed', 'octagon'],
  'app.rolled-back': ['App went back', 'back', 'back'],
};

/** A state to be shown: word, family, icon. A word that this page does not know is shown as it came. */
const state = (words, key) => {
  const [word, family, icon] = Object.hasOwn(words, key) ? words[key] : [String(key).replaceAll('_', ' '), 'waiting', 'clock'];
  return { word, family, icon };
};
export const deploymentState = (key) => state(deploymentWords, key);
export const rolloutState = (key) => state(rolloutWords, key);
export const waveState = (key) => state(waveWords, key);
export const eventState = (key) => state(eventWords, key);
export const releaseState = (key) => (key === 'verified' ? { word: 'Verified', family: 'ok', icon: 'check' } : { word: 'Rejected', family: 'refused', icon: 'bar' });

export function deviceState(device) {
  if (device.state === 'revoked') return { word: 'Revoked', family: 'offline', icon: 'lock' };
  if (device.online) return { word: 'Online', family: 'ok', icon: 'dot' };
  return device.lastSeenAt === null ? { word: 'Never heard', family: 'waiting', icon: 'clock' } : { word: 'Offline', family: 'offline', icon: 'struck' };
}

/** "1 of 1 device", "9 of 12 devices": the noun follows the whole. */
export const ofAll = (some, all, noun) => `${some} of ${all} ${noun}${all === 1 ? '' : 's'}`;

/** How long ago, in the two largest units that matter. */
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3_600)} h` : `${Math.floor(s / 86_400)} d`;
}

/** Splits a sentence at its digests, which are shown short and kept whole: `sha256:9f3c41…e07b`. */
export function withDigests(text) {
  return text.split(/(sha256:[0-9a-f]{64})/).filter((part) => part !== '').map((part) => (/^sha256:[0-9a-f]{64}$/.test(part) ? { full: part } : part));
}
export const shortDigest = (digest) => `${digest.slice(0, 13)}…${digest.slice(-4)}`;

/** The apps of a device: what it should run, what runs, and how far the attempt is. */
export function appRows({ assignments, reported }) {
  const said = reported?.apps ?? {};
  const names = [...new Set([...assignments.map((one) => one.app), ...Object.keys(said)])].sort((a, b) => (a < b ? -1 : 1));
  return names.map((app) => {
    const wanted = assignments.find((one) => one.app === app);
    const is = Object.hasOwn(said, app) ? said[app] : undefined;
    return { app, runs: is?.running?.version, restarts: is?.running?.restarts ?? 0, wants: wanted?.version, attempt: wanted?.attempt, reason: is?.reason, state: appState(wanted, is) };
  });
}

function appState(wanted, is) {
  if (is?.hold) return { word: is.hold.kind === 'stopped' ? 'Stopped by hand' : 'Deployed by hand', family: 'paused', icon: 'pause' };
  if (wanted === undefined) return { word: 'Not assigned', family: 'paused', icon: 'triangle' };
  if (is === undefined) return { word: 'Not taken up yet', family: 'waiting', icon: 'clock' };
  const same = is.running?.digest === wanted.digest;
  if (is.attempt !== wanted.attempt) return same ? { word: 'In step', family: 'ok', icon: 'check' } : { word: 'Waits for the device', family: 'waiting', icon: 'clock' };
  if (is.state === 'proven') return same ? { word: 'In step', family: 'ok', icon: 'check' } : { word: 'Proven, not running', family: 'paused', icon: 'triangle' };
  return deploymentState(is.state ?? 'waiting');
}

/**
 * Why the devices of a wave that are not proven are not: rows whose counts sum to total minus proven. The counts lead; reasons
 * are shown where the deployments that were read explain all of a state, since the two answers may be a moment apart.
 */
export function ledger(wave, deployments) {
  const rows = [];
  for (const key of Object.keys(deploymentWords)) {
    const count = wave.counts[key] ?? 0;
    if (key === 'proven' || count === 0) continue;
    const groups = byReason(deployments.filter((one) => one.wave === wave.n && one.state === key));
    const explained = groups.reduce((sum, one) => sum + one.count, 0) === count;
    for (const group of explained ? groups : [{ count, reason: null, devices: [] }]) rows.push({ ...group, key, state: deploymentState(key) });
  }
  const proven = wave.counts.proven ?? 0;
  const shown = rows.reduce((sum, row) => sum + row.count, proven);
  return { total: wave.total, proven, rows, addsUp: shown === wave.total, shown };
}

function byReason(deployments) {
  const groups = new Map();
  for (const { reason, device } of deployments) {
    const key = JSON.stringify(reason);
    const group = groups.get(key) ?? { count: 0, reason, devices: [] };
    groups.set(key, { ...group, count: group.count + 1, devices: [...group.devices, device] });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** Segments of a wave's bar, proven first and failed last. */
export const segments = (wave) => Object.keys(deploymentWords).filter((key) => (wave.counts[key] ?? 0) > 0).map((key) => ({ key, family: key === 'soaking' ? 'soaking' : deploymentState(key).family, count: wave.counts[key] }));
export const countsInWords = (wave) => segments(wave).map(({ key, count }) => `${count} ${deploymentState(key).word.toLowerCase()}`).join(', ') || 'nothing yet';

/** The answer in one sentence, and what needs a person, most urgent first. */
export function answer({ devices, more, detail, rollouts, olderRollouts }) {
  const active = devices.filter((one) => one.state === 'active');
  if (devices.length === 0) return { family: 'waiting', title: 'No device yet', sentence: 'No device has enrolled yet.', needs: [] };
  const online = active.filter((one) => one.online).length;
  const rows = detail === undefined || active.length !== 1 ? [] : appRows(detail);
  const steps = rows.length === 0 ? '' : rows.every((row) => row.state.word === 'In step') ? ', and it runs what it should' : `, ${ofAll(rows.filter((row) => row.state.word === 'In step').length, rows.length, 'app')} in step`;
  const fleet = `${ofAll(online, active.length, 'device')}${more ? ' (the first of more)' : ''} ${active.length === 1 ? 'is' : 'are'} online${steps}.`;
  const needs = [...rollouts.flatMap((one) => needOf(one, rollouts)), ...active.filter((one) => !one.online).map(offline)];
  const family = needs.length === 0 ? 'ok' : needs.some((one) => one.state.family === 'failed') || online === 0 ? 'failed' : 'paused';
  return { family, title: `${online} of ${active.length} online`, sentence: `${fleet}${rolloutsInWords(rollouts, olderRollouts)}`, needs };
}

const offline = (device) => ({ state: deviceState(device), what: device.name, why: 'is not online', reason: null });

function rolloutsInWords(rollouts, older) {
  if (rollouts.length === 0) return ' Nothing was rolled out yet.';
  const parts = Object.keys(rolloutWords).map((key) => [rollouts.filter((one) => one.state === key).length, rolloutState(key).word.toLowerCase()]).filter(([count]) => count > 0);
  return ` Of ${older ? 'the newest ' : ''}${rollouts.length} ${rollouts.length === 1 ? 'rollout' : 'rollouts'}: ${parts.map(([count, word]) => `${count} ${word}`).join(', ')}.`;
}

/** A rollout that stands still for a reason, or that ended badly and was not made good by a newer one of the same app. */
function needOf(rollout, all) {
  const what = `${rollout.app} ${rollout.version}`;
  const rows = rollout.waves.flatMap((wave) => ledger(wave, rollout.deployments).rows);
  if (rollout.state === 'running') return rows.filter((row) => row.key === 'waiting' && row.reason).map((row) => ({ state: row.state, what, why: `waits on ${row.count === 1 ? '1 device' : `${row.count} devices`}`, reason: row.reason }));
  const madeGood = all.some((one) => one.app === rollout.app && one.state === 'completed' && one.createdAt > rollout.createdAt);
  return rollout.state !== 'paused' || rollout.cause === 'operator' || madeGood ? [] : rows.slice(0, 1).map((row) => ({ state: row.state, what, why: `was ${row.state.word.toLowerCase()} by ${row.count === 1 ? '1 device' : `${row.count} devices`}`, reason: row.reason }));
}

/** Power and ground of the 40-pin header, as on every Raspberry Pi since the B+ (raspberrypi.com, "GPIO and the 40-pin header"). */
const supply = { 1: '3.3 V', 17: '3.3 V', 2: '5 V', 4: '5 V', 6: 'GND', 9: 'GND', 14: 'GND', 20: 'GND', 25: 'GND', 30: 'GND', 34: 'GND', 39: 'GND' };

/** The 40 pins in the order of the header; undefined for a board whose lines are led out nowhere. */
export function header({ model, profile }, lines) {
  const led = new Map();
  for (const chip of profile?.chips ?? []) for (const line of chip.lines) if (line.headerPin !== undefined) led.set(line.headerPin, { ...line, chip: chip.label });
  if (led.size === 0) return undefined;
  return Array.from({ length: 40 }, (_, index) => {
    const pin = index + 1;
    const line = led.get(pin);
    const power = model.startsWith('raspberry-pi') ? supply[pin] : undefined;
    if (line === undefined) return { pin, name: power ?? '', kind: power === undefined ? 'none' : power === 'GND' ? 'ground' : 'power' };
    const used = lines.find((one) => one.chip === line.chip && one.line === line.line);
    return { pin, name: line.name, kind: used ? 'used' : line.reserved === undefined ? 'free' : 'reserved', used, reserved: line.reserved };
  });
}

/** Reserved lines by why, led out or not: "Ethernet: 14 lines". */
export function reservedLines({ profile }) {
  const groups = new Map();
  for (const chip of profile?.chips ?? []) for (const { name, reserved } of chip.lines) if (reserved !== undefined) groups.set(reserved, [...(groups.get(reserved) ?? []), name]);
  return [...groups].map(([why, names]) => ({ why, names }));
}

/** Lines with their edges a second since the look before: a line that toggles between two looks may show the same level in both. */
export function withRates(before, pins) {
  const spanS = before === undefined || before.at === null || pins.at === null ? 0 : (Date.parse(pins.at) - Date.parse(before.at)) / 1_000;
  return pins.lines.map((line) => {
    const was = spanS > 0 ? before.lines.find((one) => one.chip === line.chip && one.line === line.line && one.edges <= line.edges) : undefined;
    return { ...line, edgesPerS: was === undefined ? 0 : (line.edges - was.edges) / spanS };
  });
}

/** From two edges a second on, a level is only what was seen at that moment. */
export const moves = (line) => line.edgesPerS >= 2;
