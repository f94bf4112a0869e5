// Asks the public API once a second while somebody looks, and shows what came.
import { patch } from './dom.js';
import { answer, withRates } from './facts.js';
import { h } from './tree.js';
import { banner, fleet, liveness, unseen } from './views.js';

const cycleMs = 1_000;
const answerWithinMs = 5_000;
/** Releases change by hand: they are asked for less often. */
const releasesEvery = 5;
const limits = { devices: 100, rollouts: 6, deployments: 500, releases: 6 };

const place = (id) => document.getElementById(id);
/** What is known: why it is not live (undefined while it is), when the manager last answered by its own clock, and the answers. */
const known = { why: undefined, heardAtMs: undefined, seen: undefined, chosen: undefined, skewMs: 0, turn: 0, finished: new Map() };
let timer;
let looking = false;
let leaving = false;

class Unanswered extends Error {}

async function read(path) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(answerWithinMs) });
  } catch {
    throw new Unanswered('The manager does not answer.');
  }
  if (response.status === 401) {
    if (!leaving) location.replace('/login?ended');
    throw new Unanswered('The session ended.');
  }
  const body = await response.json().catch(() => ({ detail: 'no JSON' }));
  if (!response.ok) throw new Unanswered(`The manager answered ${response.status}: ${body.detail}.`);
  known.skewMs = skewOf(response);
  return body;
}

/** Ages are told by the manager's clock, whose answers carry whole seconds; a difference within two is none. */
function skewOf(response) {
  const skewMs = Date.parse(response.headers.get('date') ?? '') - Date.now();
  return Math.abs(skewMs) < 2_000 || Number.isNaN(skewMs) ? 0 : skewMs;
}

/** One look: three lists, the chosen device with its pins, and the deployments of rollouts that still move. */
async function look() {
  const releasesDue = known.seen === undefined || known.turn % releasesEvery === 0;
  known.turn += 1;
  const [devices, rollouts, releases] = await Promise.all([read(`/devices?limit=${limits.devices}`), read(`/rollouts?limit=${limits.rollouts}`), releasesDue ? read(`/releases?limit=${limits.releases}`) : undefined]);
  const id = choose(devices.items);
  const path = id === undefined ? undefined : `/devices/${encodeURIComponent(id)}`;
  const [detail, pins, ...deployed] = await Promise.all([path && read(path), path && read(`${path}/pins`), ...rollouts.items.map(deploymentsOf)]);
  return {
    devices: devices.items,
    more: devices.next !== null,
    detail,
    pins: pins && { ...pins, lines: withRates(known.seen?.detail?.id === id ? known.seen.pins : undefined, pins) },
    rollouts: rollouts.items.map((one, at) => ({ ...one, deployments: deployed[at] })),
    olderRollouts: rollouts.next !== null,
    releases: releases?.items ?? known.seen.releases,
  };
}

/** The device that the address names, else the one chosen before, else the first. */
function choose(devices) {
  const wanted = [location.hash.slice(1), known.chosen].find((id) => devices.some((one) => one.id === id));
  known.chosen = wanted ?? devices[0]?.id;
  return known.chosen;
}

/** A rollout that has ended is asked for once: its deployments stay as they are. */
async function deploymentsOf({ id, finishedAt }) {
  const kept = known.finished.get(id);
  if (kept !== undefined) return kept;
  const { items } = await read(`/rollouts/${encodeURIComponent(id)}/deployments?limit=${limits.deployments}`);
  if (finishedAt !== null) known.finished.set(id, items);
  if (known.finished.size > limits.rollouts * 2) known.finished.delete(known.finished.keys().next().value);
  return items;
}

function showLiveness() {
  const nowMs = Date.now() + known.skewMs;
  patch(place('live'), liveness(known, nowMs));
  patch(place('banner'), banner(known));
  mark('data-stale', known.why !== undefined);
}

function show() {
  showLiveness();
  if (known.seen === undefined) {
    if (known.why !== undefined) patch(place('fleet'), unseen());
    return;
  }
  const live = known.why === undefined;
  // What is stale stands still, ages and all.
  patch(place('fleet'), fleet({ ...known.seen, live }, live ? Date.now() + known.skewMs : known.heardAtMs));
  mark('aria-busy', false);
  document.title = `${live ? answer(known.seen).title : 'Stale'} · Pier`;
}

function mark(name, value) {
  if (place('fleet').getAttribute(name) !== String(value)) place('fleet').setAttribute(name, String(value));
}

async function beat() {
  if (looking || leaving) return;
  looking = true;
  const startedMs = Date.now();
  const seen = await look().catch(failed);
  looking = false;
  if (leaving) return;
  try {
    if (seen !== undefined) Object.assign(known, { seen, heardAtMs: Date.now() + known.skewMs, why: undefined });
    show();
  } catch (error) {
    failed(error);
    showLiveness();
  }
  if (!document.hidden) timer = setTimeout(() => void beat(), Math.max(cycleMs / 4, cycleMs - (Date.now() - startedMs)));
}

/** Whatever went wrong, the page says so and asks again. */
function failed(error) {
  known.why = error instanceof Unanswered ? error.message : `This page cannot show what the manager answered: ${String(error)}.`;
}

/** Nobody looks at a hidden page: it asks nothing, and at once when it is seen again. */
function wake() {
  clearTimeout(timer);
  if (!document.hidden) void beat();
}

async function leave() {
  leaving = true;
  try {
    await fetch('/api/v1/session', { method: 'DELETE', signal: AbortSignal.timeout(answerWithinMs) });
    location.replace('/login');
  } catch {
    leaving = false;
    wake();
    patch(place('leave-problem'), [h('span', {}, 'Not signed out: the manager does not answer.')]);
  }
}

place('leave').addEventListener('click', () => void leave());
document.addEventListener('visibilitychange', wake);
addEventListener('hashchange', wake);
patch(place('live'), liveness(known, Date.now()));
void beat();
