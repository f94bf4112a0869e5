// Reads the public API every second and redraws what changed. All text goes in as text, never as HTML.
const devicesShown = 20;
const live = document.getElementById('live');
const drawn = new Map();

const families = {
  proven: 'ok', completed: 'ok', passed: 'ok', verified: 'ok', soaking: 'ok', online: 'ok',
  accepted: 'busy', downloading: 'busy', verifying: 'busy', applying: 'busy', running: 'busy', active: 'busy',
  waiting: 'waiting', offered: 'waiting', pending: 'waiting', superseded: 'waiting', cancelled: 'waiting', aborted: 'waiting',
  paused: 'paused', failed: 'failed', timed_out: 'failed', refused: 'refused', rejected: 'refused', offline: 'offline', revoked: 'offline',
};
const marks = { ok: '●', busy: '◐', waiting: '○', paused: '‖', failed: '✕', refused: '⊘', offline: '◌' };

/** An element; children are texts or elements. */
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.flat());
  return node;
}

function state(word) {
  const family = families[word] ?? 'waiting';
  return el('span', { class: `state ${family}` }, `${marks[family]} ${word.replaceAll('_', ' ')}`);
}

const short = (digest) => `${digest.slice(0, 13)}…${digest.slice(-4)}`;
const time = (iso) => {
  const span = el('time', { datetime: iso, title: iso }, new Date(iso).toLocaleTimeString([], { hourCycle: 'h23' }));
  return span;
};

function table(heads, rows) {
  const head = el('tr', {}, heads.map((text) => el('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => el('tr', {}, cells.map((cell) => el('td', {}, cell))));
  return el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), el('tbody', {}, body)));
}

const why = (reason) => (reason === null || reason === undefined ? '' : el('span', {}, `${reason.reason} `, el('code', { class: 'dim' }, reason.code)));
const none = (text) => [el('p', { class: 'dim' }, text)];

function rolloutRows(rollouts) {
  if (rollouts.length === 0) return none('No rollout yet. Start one with: pier rollout start');
  return [
    table(
      ['Rollout', 'Release', 'State', 'Waves', 'Reason'],
      rollouts.map((one) => [
        el('code', {}, one.id),
        `${one.app} ${one.version}`,
        state(one.state),
        one.waves.map((wave) => el('div', {}, `${wave.n} of ${one.waves.length}: `, state(wave.state), ` ${counts(wave)}`)),
        why(one.reason),
      ]),
    ),
  ];
}

const counts = ({ counts: by, total }) => {
  const parts = Object.entries(by).filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word.replaceAll('_', ' ')}`);
  return `${parts.join(', ') || '0'} of ${total}`;
};

function releaseRows(releases) {
  if (releases.length === 0) return none('No release yet. Make one with: pier app push');
  return [
    table(
      ['App', 'Version', 'Artifact', 'State', 'Signed by', 'Reason'],
      releases.map((one) => [one.app, one.version, el('code', { title: one.digest }, short(one.digest)), state(one.state), one.signedBy.map((id) => el('code', { title: id }, `${id.slice(0, 8)} `)), why(one.reason)]),
    ),
  ];
}

function deviceBlock({ device, pins }) {
  const seen = device.lastSeenAt === null ? 'never heard' : el('span', {}, 'heard ', time(device.lastSeenAt));
  const word = device.state === 'revoked' ? 'revoked' : device.online ? 'online' : 'offline';
  return el(
    'article',
    { class: 'device' },
    el('h3', {}, device.name, state(word), el('span', { class: 'dim' }, el('code', {}, device.id), ` · ${device.model} · `, seen)),
    el('div', { class: 'pins' }, pins.lines.map(pinBox)),
    appTable(device),
    device.refusals.length === 0 ? '' : refusalTable(device.refusals),
  );
}

function pinBox(pin) {
  const name = pin.app === null ? pin.label : `${pin.app} ${pin.label}`;
  return el(
    'div',
    { class: `pin${pin.level === 1 ? ' high' : ''}` },
    el('div', {}, el('span', { class: 'level' }, pin.level === 1 ? 'H' : 'L'), el('strong', {}, pin.name)),
    el('div', { class: 'dim' }, `${pin.direction === 'out' ? '→' : '←'} ${name} · ${pin.edges} edges`),
  );
}

function appTable(device) {
  const reported = device.reported === null ? {} : device.reported.apps;
  const names = [...new Set([...device.assignments.map((one) => one.app), ...Object.keys(reported)])].sort((a, b) => (a < b ? -1 : 1));
  if (names.length === 0) return el('p', { class: 'dim' }, 'No app is assigned.');
  return table(
    ['App', 'Should run', 'Runs', 'State', 'Reason'],
    names.map((name) => {
      const wanted = device.assignments.find((one) => one.app === name);
      const is = reported[name];
      return [name, wanted === undefined ? '–' : wanted.version, is?.running === undefined ? '–' : is.running.version, is?.state === undefined ? '–' : state(is.state), why(is?.reason)];
    }),
  );
}

const refusalTable = (refusals) =>
  table(
    ['Refused at', 'What', 'App', 'Reason'],
    refusals.slice(0, 10).map((one) => [time(one.at), one.type, one.app ?? '–', why(one)]),
  );

/** Replaces what a place shows, only when the facts behind it changed. */
function draw(id, facts, make) {
  const key = JSON.stringify(facts);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  document.getElementById(id).replaceChildren(...make(facts));
}

async function read(path) {
  const response = await fetch(`/api/v1${path}`, { headers: { accept: 'application/json' } });
  if (response.status === 401) location.assign('/login');
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function look() {
  const [devices, rollouts, releases] = await Promise.all([read(`/devices?limit=${devicesShown}`), read('/rollouts?limit=10'), read('/releases?limit=20')]);
  const details = await Promise.all(
    devices.items.map(async ({ id }) => {
      const path = `/devices/${encodeURIComponent(id)}`;
      const [device, pins] = await Promise.all([read(path), read(`${path}/pins`)]);
      return { device, pins };
    }),
  );
  draw('rollouts', rollouts.items, rolloutRows);
  draw('devices', details, (all) => (all.length === 0 ? none('No device has enrolled yet. Make a claim token with: pier token') : all.map(deviceBlock)));
  draw('releases', releases.items, releaseRows);
}

let heardAt = Date.now();
async function beat() {
  try {
    await look();
    heardAt = Date.now();
    live.textContent = `Live, ${new Date(heardAt).toLocaleTimeString([], { hourCycle: 'h23' })}`;
    live.className = '';
  } catch {
    live.textContent = `Stale, ${Math.round((Date.now() - heardAt) / 1000)} s`;
    live.className = 'stale';
  }
  setTimeout(beat, 1000);
}

document.getElementById('leave').addEventListener('click', () => {
  void fetch('/api/v1/session', { method: 'DELETE' }).finally(() => location.assign('/login'));
});
void beat();
