import { expect, test } from 'vitest';
import { DeploymentState } from '@pier/shared/api';

type State = { readonly word: string; readonly family: string; readonly icon: string };
type Tree = { readonly tag: string; readonly attributes: Readonly<Record<string, unknown>>; readonly children: readonly (Tree | string)[] };
type Wave = { n: number; state: string; total: number; counts: Record<string, number> };
type Row = { readonly key: string; readonly count: number; readonly reason: { code: string; reason: string } | null };
type Line = { chip: string; line: number; level: number; edges: number };
type Facts = {
  readonly deploymentWords: Readonly<Record<string, unknown>>;
  readonly age: (seconds: number) => string;
  readonly deviceState: (device: object) => State;
  readonly withDigests: (text: string) => readonly (string | { full: string })[];
  readonly appRows: (detail: object) => readonly { app: string; runs?: string; wants?: string; state: State }[];
  readonly ledger: (wave: Wave, deployments: readonly object[]) => { rows: readonly Row[]; proven: number; addsUp: boolean; shown: number };
  readonly answer: (seen: object) => { family: string; sentence: string; needs: readonly { what: string; why: string }[] };
  readonly header: (device: object, lines: readonly object[]) => readonly { pin: number; name: string; kind: string }[] | undefined;
  readonly withRates: (before: object | undefined, pins: { at: string | null; lines: Line[] }) => readonly { edgesPerS: number }[];
};
type Views = { readonly fleet: (seen: object, nowMs: number) => readonly Tree[]; readonly banner: (known: object) => readonly Tree[]; readonly liveness: (known: object, nowMs: number) => readonly Tree[] };

// The very files that the browser gets.
const asset = (name: string): string => new URL(`assets/${name}`, import.meta.url).href;
const facts: Facts = await import(asset('facts.js'));
const views: Views = await import(asset('views.js'));

const nowMs = Date.UTC(2026, 4, 1, 12);
const at = new Date(nowMs - 5_000).toISOString();
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const device = { id: 'pump-1', name: 'pump-1', model: 'raspberry-pi-4b', tags: {}, state: 'active', online: true, lastSeenAt: at, agent: '0.1.0', rev: 1, createdAt: at };
const running = (letter: string) => ({ digest: digest(letter), version: '1.0.0', counter: 1, restarts: 0, sinceMs: 1 });
const detail = {
  ...device,
  profile: { model: 'raspberry-pi-4b', chips: [{ label: 'chip', lines: [{ line: 17, name: 'GPIO17', headerPin: 11 }, { line: 0, name: 'ID_SDA', headerPin: 27, reserved: 'HAT' }] }] },
  assignments: [{ app: 'blink', version: '1.0.0', digest: digest('a'), attempt: 3 }],
  reported: { apps: { blink: { attempt: 3, digest: digest('a'), state: 'proven', running: running('a') } } },
  refusals: [],
};
const rollout = { id: 'r1', app: 'blink', version: '1.0.0', state: 'completed', createdBy: 'admin', createdAt: at, finishedAt: at, waves: [{ n: 1, state: 'passed', total: 1, counts: { proven: 1 } }], deployments: [{ wave: 1, state: 'proven', device: 'pump-1', reason: null }] };
const pins = { at, lines: [{ chip: 'chip', line: 17, name: 'GPIO17', app: 'blink', label: 'led', direction: 'out', level: 1, edges: 9, edgesPerS: 0 }] };
const seen = { devices: [device], more: false, detail, pins, rollouts: [rollout], olderRollouts: false, releases: [], live: true };

test('every state of a deployment has a word, a colour and an icon', () => {
  expect(Object.keys(facts.deploymentWords).sort()).toEqual([...DeploymentState.options].sort());
});

test.each([[-3, '0 s'], [119.9, '119 s'], [120, '2 min'], [7_199, '119 min'], [7_200, '2 h'], [200_000, '2 d']])('%d seconds are said as %s', (seconds, words) => {
  expect(facts.age(seconds)).toBe(words);
});

test('a device is online, offline, revoked, or was never heard', () => {
  expect([device, { ...device, online: false }, { ...device, online: false, lastSeenAt: null }, { ...device, state: 'revoked' }].map((one) => facts.deviceState(one).word)).toEqual(['Online', 'Offline', 'Never heard', 'Revoked']);
});

test('digests in a sentence are told apart from its words, and nothing of it is lost', () => {
  expect(facts.withDigests(`expected ${digest('a')}, got sha256:12`)).toEqual(['expected ', { full: digest('a') }, ', got sha256:12']);
});

test.each([
  ['runs what it should', {}, 'In step'],
  ['runs something else under the same attempt', { running: running('b') }, 'Proven, not running'],
  ['has not taken up the newest attempt', { attempt: 2, running: running('b') }, 'Waits for the device'],
  ['is soaking', { state: 'soaking' }, 'Soaking'],
  ['failed', { state: 'failed' }, 'Failed'],
  ['was stopped by hand', { hold: { kind: 'stopped', by: 'alice', forS: 60 } }, 'Stopped by hand'],
  ['was deployed by hand', { hold: { kind: 'deployed', by: 'alice', forS: 60 } }, 'Deployed by hand'],
])('an app that %s says so', (_what, change, word) => {
  const reported = { apps: { blink: { ...detail.reported.apps.blink, ...change } } };
  expect(facts.appRows({ ...detail, reported }).map((row) => row.state.word)).toEqual([word]);
});

test('an app that is assigned to a silent device, and one that nobody assigned, are both shown', () => {
  expect(facts.appRows({ ...detail, reported: null })[0]?.state.word).toBe('Not taken up yet');
  expect(facts.appRows({ ...detail, assignments: [] })[0]?.state.word).toBe('Not assigned');
});

test('the ledger explains every device that is not proven, grouped by reason', () => {
  const wave = { n: 1, state: 'active', total: 6, counts: { proven: 2, refused: 3, waiting: 1 } };
  const reason = (text: string) => ({ code: 'x', reason: text });
  const deployments = ['one', 'one', 'two'].map((text) => ({ wave: 1, state: 'refused', device: text, reason: reason(text) }));
  const { rows, proven, addsUp } = facts.ledger(wave, [...deployments, { wave: 2, state: 'waiting', device: 'other', reason: null }]);
  expect(rows.map(({ key, count, reason: why }) => [key, count, why?.reason])).toEqual([['waiting', 1, undefined], ['refused', 2, 'one'], ['refused', 1, 'two']]);
  expect([proven + rows.reduce((sum, row) => sum + row.count, 0), addsUp]).toEqual([6, true]);
});

test('reasons that explain only some of a state are not shown for all of it, and counts that do not add up are an error', () => {
  const wave = { n: 1, state: 'active', total: 5, counts: { failed: 4 } };
  const { rows, addsUp, shown } = facts.ledger(wave, [{ wave: 1, state: 'failed', device: 'a', reason: { code: 'x', reason: 'y' } }]);
  expect([rows.map(({ count, reason }) => [count, reason]), addsUp, shown]).toEqual([[[4, null]], false, 4]);
});

test('the first sentence counts the fleet, and names what needs a person', () => {
  expect(facts.answer(seen)).toMatchObject({ family: 'ok', sentence: '1 of 1 device is online, and it runs what it should. Of 1 rollout: 1 completed.', needs: [] });
  expect(facts.answer({ ...seen, devices: [], detail: undefined, rollouts: [] }).sentence).toBe('No device has enrolled yet.');
  const refused = { ...rollout, id: 'r2', version: '1.1.0', state: 'paused', cause: 'gate', waves: [{ n: 1, state: 'failed', total: 1, counts: { refused: 1 } }], deployments: [] };
  expect(facts.answer({ ...seen, rollouts: [refused] }).needs).toMatchObject([{ what: 'blink 1.1.0', why: 'was refused by 1 device' }]);
  const later = { ...rollout, createdAt: new Date(nowMs).toISOString() };
  expect(facts.answer({ ...seen, rollouts: [later, refused] }).needs).toEqual([]);
  expect(facts.answer({ ...seen, devices: [{ ...device, online: false }] })).toMatchObject({ family: 'failed', needs: [{ what: 'pump-1' }] });
});

test('the header shows all forty pins: used, reserved, power, and what no line leads to', () => {
  const board = facts.header(detail, pins.lines) ?? [];
  expect(board.length).toBe(40);
  expect([1, 6, 11, 12, 27].map((pin) => board[pin - 1]?.kind)).toEqual(['power', 'ground', 'used', 'none', 'reserved']);
  expect(facts.header({ ...detail, profile: null }, [])).toBeUndefined();
  expect(facts.header({ ...detail, model: 'other' }, [])?.[0]?.kind).toBe('none');
});

test('a line that toggles between two looks is known by its edges, and a count that began anew is no rate', () => {
  const look = (afterS: number, edges: number) => ({ at: new Date(nowMs + afterS * 1_000).toISOString(), lines: [{ chip: 'chip', line: 17, level: 1, edges }] });
  const rate = (before: object | undefined, after: ReturnType<typeof look>) => facts.withRates(before, after)[0]?.edgesPerS;
  expect([rate(look(0, 10), look(2, 18)), rate(look(0, 10), look(2, 3)), rate(undefined, look(2, 3)), rate(look(2, 3), look(2, 3))]).toEqual([4, 0, 0, 0]);
});

/** Every tag and attribute name of a tree, and every text. */
function partsOf(trees: readonly (Tree | string)[]): { names: string[]; texts: string[] } {
  const names: string[] = [];
  const texts: string[] = [];
  for (const one of trees) {
    if (typeof one === 'string') texts.push(one);
    else {
      const inner = partsOf(one.children);
      names.push(one.tag, ...Object.keys(one.attributes), ...inner.names);
      texts.push(...inner.texts);
    }
  }
  return { names, texts };
}

test('markup in what devices say stays text: no tag, attribute or link is made of it', () => {
  const evil = '<img src=x onerror=alert(1)>"\'&';
  const reason = { code: evil, reason: evil };
  const hostile = {
    ...seen,
    devices: [{ ...device, name: evil }, device],
    detail: { ...detail, name: evil, model: evil, tags: { a: evil }, reported: { apps: { [evil]: { held: true, reason, running: { ...running('a'), version: evil } } }, desiredRefused: reason }, refusals: [{ at, type: evil, app: evil, digest: null, attempt: 1, ...reason }] },
    pins: { at, lines: [{ ...pins.lines[0], name: evil, label: evil, app: evil }] },
    rollouts: [{ ...rollout, app: evil, state: evil, createdBy: evil }],
    releases: [{ id: 'x', app: evil, version: evil, digest: digest('a'), state: evil, reason, signedBy: [evil] }],
  };
  const [plain, got] = [partsOf(views.fleet(seen, nowMs)), partsOf(views.fleet(hostile, nowMs))];
  expect(got.texts.filter((text) => text.includes(evil)).length).toBeGreaterThan(12);
  const known = new Set([...plain.names, 'nav', 'a', 'href', 'aria-current', 'tabindex']);
  expect(got.names.filter((name) => !known.has(name) || /^on|^style$|^src$/.test(name))).toEqual([]);
});

test('live, stale and never answered look different, and stale says since when', () => {
  const words = (trees: readonly Tree[]): string => partsOf(trees).texts.join('');
  expect(views.banner({ why: undefined, heardAtMs: nowMs })).toEqual([]);
  expect(words(views.liveness({ why: undefined, heardAtMs: nowMs }, nowMs))).toContain('Live');
  const stale = { why: 'The manager does not answer.', heardAtMs: nowMs };
  expect(words(views.liveness(stale, nowMs + 83_400))).toBe('Stale, 83 s');
  expect(words(views.banner(stale))).toMatch(/^Not live since [\d:]+\. .*The manager does not answer\./);
  expect(words(views.liveness({ why: 'x', heardAtMs: undefined }, nowMs))).toBe('No answer');
  expect(words(views.liveness({ why: undefined, heardAtMs: undefined }, nowMs))).toBe('Loading');
  expect(words(views.fleet({ ...seen, live: false }, nowMs))).toContain('not live, last seen 5 s ago');
});
