// The regions of the page: facts in, trees out.
import { age, answer, appRows, countsInWords, deviceState, eventState, header, ledger, moves, ofAll, releaseState, reservedLines, rolloutState, segments, shortDigest, waveState, withDigests } from './facts.js';
import { chip, clockTime, code, dim, h, icon, region, table } from './tree.js';

const refusalsShown = 8;
const needsShown = 3;

const answerIcons = { ok: 'check', failed: 'octagon', paused: 'triangle', waiting: 'clock' };

/** All that stands below the top bar, once the first answer is there. */
export function fleet(seen, nowMs) {
  const { family, sentence, needs } = answer(seen);
  const { detail } = seen;
  return [
    h('div', { class: 'answer' }, h('h1', {}, chip({ word: '', family, icon: answerIcons[family] }), sentence), seen.devices.length === 0 ? null : h('ul', { class: 'needs', 'aria-label': 'Needs a look' }, needLines(needs))),
    h(
      'div',
      { class: 'regions' },
      h('div', { class: 'column' }, detail === undefined ? noDevice() : deviceRegion(seen, nowMs), rolloutsRegion(seen, nowMs), detail === undefined ? null : refusalsRegion(detail, nowMs)),
      h('div', { class: 'column' }, detail === undefined ? null : pinsRegion(seen, nowMs), releasesRegion(seen.releases)),
    ),
  ];
}

function needLines(needs) {
  if (needs.length === 0) return [h('li', { class: 'dim' }, 'Nothing needs a person.')];
  const lines = needs.slice(0, needsShown).map(({ state, what, why, reason }) => h('li', {}, chip({ ...state, word: '' }), h('strong', {}, what), ` ${why}`, reason ? [': ', because(reason)] : '.'));
  return needs.length > needsShown ? [...lines, h('li', { class: 'dim' }, `and ${needs.length - needsShown} more, see below`)] : lines;
}

/** A reason as the device or the manager gave it, and its machine code. */
const because = ({ code: name, reason }) => [sentence(reason), ' ', code(name)];
const sentence = (text) => withDigests(text).map((part) => (typeof part === 'string' ? part : digest(part.full)));
/** Short, never cut elsewhere, whole on hover. */
const digest = (full) => h('code', { class: 'digest', title: full }, shortDigest(full));
const empty = (text, step) => h('p', { class: 'empty' }, text, step ? [' ', code(step)] : null);

const noDevice = () => region('device', 'Devices', '', empty('None yet. A board enrols itself with a claim token; make one with', 'pier token create'));

function deviceRegion({ devices, detail }, nowMs) {
  const refused = detail.reported?.desiredRefused;
  const tags = Object.entries(detail.tags).map(([key, value]) => code(`${key}=${value}`));
  return h(
    'section',
    { id: 'device', 'aria-labelledby': 'device-title' },
    devices.length > 1 ? deviceList(devices, detail.id, nowMs) : null,
    h('h2', { id: 'device-title', class: 'name' }, detail.name, ' ', chip(deviceState(detail))),
    h('p', { class: 'dim facts' }, detail.id === detail.name ? null : [code(detail.id), ' · '], `${detail.model} · `, detail.agent === null ? null : `agent ${detail.agent} · `, heard(detail, nowMs), ' · enrolled ', clockTime(detail.createdAt, nowMs), ' ', tags),
    refused ? h('p', { class: 'refused' }, chip({ word: 'Its newest desired document was refused: ', family: 'refused', icon: 'bar' }), because(refused)) : null,
    apps(detail),
  );
}

const heard = ({ lastSeenAt, online }, nowMs) => (lastSeenAt === null ? 'never heard' : h('span', {}, online ? 'heartbeat ' : 'last heard ', h('span', { title: lastSeenAt }, `${age((nowMs - Date.parse(lastSeenAt)) / 1_000)} ago`)));

/** Only with more than one: whose facts stand below is chosen by a link, which the address keeps. */
function deviceList(devices, chosen, nowMs) {
  const rows = devices.map((one) => [h('a', { href: `#${encodeURIComponent(one.id)}`, ...(one.id === chosen ? { 'aria-current': 'true' } : {}) }, one.name), chip(deviceState(one)), heard(one, nowMs)]);
  return h('nav', { class: 'list', 'aria-label': 'Devices', tabindex: '0' }, table('Devices', ['Device', 'State', 'Heard'], rows));
}

function apps(detail) {
  const rows = appRows(detail);
  if (rows.length === 0) return empty('No app is assigned. Roll one out with', 'pier rollout start');
  return table(
    `Apps of ${detail.name}`,
    ['App', 'Runs', 'Should run', '#Attempt', '#Restarts', 'State'],
    rows.map(({ app, runs, wants, attempt, restarts, reason, state }) => [app, runs ?? '–', wants ?? '–', attempt ?? '–', runs === undefined ? '–' : restarts, [chip(state), reason ? h('div', { class: 'dim' }, because(reason)) : null]]),
  );
}

function pinsRegion({ detail, pins, live }, nowMs) {
  const lines = pins.lines;
  const board = header(detail, lines);
  const reserved = reservedLines(detail);
  const seen = pins.at === null ? 'waits for the device' : `${(nowMs - Date.parse(pins.at)) / 1_000 < 4 && detail.online && live ? 'live, seen' : 'not live, last seen'} ${age((nowMs - Date.parse(pins.at)) / 1_000)} ago`;
  const rows = lines.map((one) => [one.name, one.label, one.app ?? '–', one.direction, level(one), [one.edges.toLocaleString('en-GB'), moves(one) ? dim(` ≈ ${Math.round(one.edgesPerS)}/s`) : null]]);
  return region(
    'pins',
    'Pins',
    seen,
    board ? drawing(board, detail) : null,
    rows.length === 0 ? empty(pins.at === null ? 'No levels yet.' : 'No app holds a line.') : table(`Lines in use on ${detail.name}`, ['Line', 'Label', 'Held by', 'Direction', 'Now', '#Edges'], rows),
    reserved.length === 0 ? null : h('p', { class: 'dim locked' }, icon('lock'), 'Reserved, no app may have them: ', reserved.map(({ why, names }, at) => [at === 0 ? '' : ', ', h('span', { title: names.join(' ') }, `${why} ${names.length}`)]), '.'),
  );
}

const levelWords = (line) => `${moves(line) ? 'moving, ' : ''}${line.level === 1 ? 'high' : 'low'}`;
const levelClass = (line) => `${line.direction} ${line.level === 1 ? 'high' : 'low'}${moves(line) ? ' moving' : ''}`;
const level = (line) => h('span', { class: `level ${levelClass(line)}` }, line.level === 1 ? 'H' : 'L', h('span', { class: 'word' }, ` ${levelWords(line)}`));

/** The header as it lies on the board. The table below says the same in words, so that for a screen reader this is one picture. */
function drawing(pins, detail) {
  const used = pins.filter((one) => one.used).map(({ pin, name, used: line }) => `pin ${pin} ${name} ${line.label} ${line.direction} ${levelWords(line)}`);
  const rows = Array.from({ length: 20 }, (_, row) => [...side(pins[row * 2], 'left'), ...side(pins[row * 2 + 1], 'right')]);
  return h('div', { class: 'board', role: 'img', 'aria-label': `40-pin header of ${detail.name}: ${used.join('; ') || 'no line in use'}` }, rows);
}

function side(pin, where) {
  const about = pin.used?.label ?? pin.reserved ?? '';
  const arrow = pin.used ? h('span', { class: `arrow ${pin.used.direction}` }, (pin.used.direction === 'out') === (where === 'left') ? '◂' : '▸') : null;
  const words = [h('span', { class: 'line' }, pin.name), about === '' ? null : h('span', { class: 'about', title: about }, about)];
  const name = h('div', { class: `pin ${where} ${pin.kind}` }, where === 'left' ? [...words.toReversed(), arrow] : [arrow, ...words]);
  const number = h('div', { class: 'silk' }, pin.pin);
  return where === 'left' ? [name, number, pad(pin)] : [pad(pin), number, name];
}

const symbols = { power: 'bolt', ground: 'ground', reserved: 'lock' };
function pad({ pin, kind, used }) {
  const state = used ? levelClass(used) : kind;
  return h('div', { class: 'socket' }, h('span', { class: `pad ${state}${pin === 1 ? ' first' : ''}` }, used ? (used.level === 1 ? 'H' : 'L') : symbols[kind] ? icon(symbols[kind]) : null));
}

function rolloutsRegion({ rollouts, olderRollouts }, nowMs) {
  const shown = rollouts.map((one) => rollout(one, nowMs));
  return region('rollouts', 'Rollouts', rollouts.length === 0 ? '' : 'newest first', rollouts.length === 0 ? empty('None yet. Start one with', 'pier rollout start') : shown, olderRollouts ? h('p', { class: 'dim' }, 'Older ones: ', code('pier rollout show')) : null);
}

function rollout(one, nowMs) {
  const title = `${one.app} ${one.version}`;
  return h(
    'article',
    { class: 'rollout', 'aria-label': `Rollout of ${title}` },
    h('h3', {}, title, ' ', chip(rolloutState(one.state)), h('span', { class: 'dim' }, code(one.id), ' · started ', clockTime(one.createdAt, nowMs), ` by ${one.createdBy}`, one.finishedAt === null ? null : [' · ended ', clockTime(one.finishedAt, nowMs)])),
    h('div', { class: 'deck' }, one.waves.map((wave) => berth(wave, one))),
  );
}

/** One wave: a bar, how many are proven, and why the others are not. */
function berth(wave, { deployments, waves }) {
  const { total, proven, rows, addsUp, shown } = ledger(wave, deployments);
  const words = `Wave ${wave.n} of ${waves.length}: ${countsInWords(wave)} of ${total}`;
  return h(
    'div',
    { class: `berth wave-${wave.state}`, grow: Math.max(1, total) },
    h('p', { class: 'wave' }, h('strong', {}, `Wave ${wave.n}`), chip(waveState(wave.state)), dim(`${ofAll(proven, total, 'device')} proven${total === proven ? '' : `; why not the other ${total - proven}:`}`)),
    h('div', { class: 'bar', role: 'img', 'aria-label': words }, segments(wave).map(({ family, count }) => h('span', { class: `segment ${family}`, grow: count }))),
    rows.length === 0 ? null : h('ul', { class: 'ledger' }, rows.map(({ state, count, reason, devices }) => h('li', {}, chip(state), h('strong', { class: 'count' }, count), h('span', { title: devices.slice(0, 20).join(' ') }, reason ? because(reason) : dim('no reason yet'))))),
    addsUp ? null : h('p', { class: 'problem', role: 'alert' }, `These counts do not add up: ${shown} of ${total} are accounted for.`),
  );
}

function refusalsRegion(detail, nowMs) {
  const all = detail.refusals;
  const rows = all.slice(0, refusalsShown).map((one) => {
    const { word, family, icon: name } = eventState(one.type);
    const about = [one.app, one.attempt === null ? null : `attempt ${one.attempt}`].filter((part) => part !== null).join(', ');
    return [clockTime(one.at, nowMs), h('span', {}, chip({ word, family, icon: name }), about === '' ? null : h('div', { class: 'dim' }, about)), [because(one), one.digest === null ? null : h('div', { class: 'dim' }, 'artifact ', digest(one.digest))]];
  });
  const aside = all.length === 0 ? '' : `newest first${all.length > rows.length ? `, ${rows.length} of ${all.length === 50 ? '50 or more' : all.length}` : ''}; what ran before went on running`;
  return region('refusals', 'Refused by the device', aside, rows.length === 0 ? empty('Nothing.') : table(`Refused by ${detail.name}`, ['At', 'What', 'Why'], rows));
}

function releasesRegion(releases) {
  const rows = releases.map((one) => [
    [`${one.app} ${one.version}`, h('div', { class: 'dim' }, digest(one.digest))],
    [chip(releaseState(one.state)), one.reason ? h('div', { class: 'dim' }, because(one.reason)) : null],
    one.signedBy.length === 0 ? dim('no key of the policy') : one.signedBy.map((id, at) => [at === 0 ? '' : ' ', h('code', { class: 'digest', title: id }, id.slice(0, 8))]),
  ]);
  return region('releases', 'Releases', rows.length === 0 ? '' : 'newest first', rows.length === 0 ? empty('None yet. Push an app with', 'pier app push') : table('Releases', ['Release', "The manager's look at it", 'Signed by'], rows));
}

/** In place of a fleet that was never seen. */
export const unseen = () => [h('div', { class: 'answer' }, h('h1', {}, chip({ word: '', family: 'failed', icon: 'octagon' }), 'The fleet cannot be shown: the manager gives no answer.'))];

/** Said once on the page while it is not live: since when, what holds all the same, and what happens next. */
export function banner({ why, heardAtMs }) {
  if (why === undefined) return [];
  const what = heardAtMs === undefined ? 'Nothing can be shown yet.' : `Not live since ${clockTime(new Date(heardAtMs).toISOString(), heardAtMs).children[0]}. All below is as it was then.`;
  return [h('p', { class: heardAtMs === undefined ? 'banner error' : 'banner' }, icon('triangle'), h('strong', {}, `${what} `), h('span', {}, `${why} Devices keep running what they run. Asked again every second.`))];
}

/** Top bar: whether what is shown is true now. */
export function liveness({ why, heardAtMs }, nowMs) {
  if (heardAtMs === undefined) return [why === undefined ? chip({ word: 'Loading', family: 'waiting', icon: 'clock' }) : chip({ word: 'No answer', family: 'failed', icon: 'octagon' })];
  if (why !== undefined) return [chip({ word: `Stale, ${age((nowMs - heardAtMs) / 1_000)}`, family: 'paused', icon: 'pause' })];
  return [chip({ word: 'Live', family: 'ok', icon: 'dot' }), clockTime(new Date(heardAtMs).toISOString(), heardAtMs)];
}
