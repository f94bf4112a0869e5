import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppName, CommandId, KeyId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { openDatabase } from './database.ts';
import { type AppRecord, type JournalEntry, type Store, openStore } from './index.ts';

const app = AppName.parse('blink');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (id: string, state: JournalEntry['state'] = 'done'): JournalEntry => ({ id: CommandId.parse(id), cmd: 'ping', n: 1, state });
const record: AppRecord = {
  wanted: { repository: 'apps/blink', digest: digestOf('a'), version: '1.0.0' as never, counter: 1, attempt: 2, soakS: 3, bindings: {}, rev: 4 },
  progress: { attempt: 2, digest: digestOf('a'), rev: 4, state: 'soaking' },
  current: digestOf('a'),
  lastGood: null,
  previousGood: null,
  hold: { kind: 'deployed', by: 'operator:alice', forS: 60, leftMs: 1_234.5, attempt: 2, digest: digestOf('b'), repository: 'apps/blink', isProven: false },
};

describe('a folder is one device', () => {
  test('a second agent on it is told so, and may have it once the first is gone', async () => {
    {
      using first = await openStore(folder);
      expect(first.boot).toBe(1);
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(folder) });
    }
    using again = await openStore(folder);
    expect(again.boot).toBe(2);
  });

  test('each start counts, so that messages of different starts have an order', async () => {
    for (const boot of [1, 2, 3]) {
      using store = await openStore(folder);
      expect(store.boot).toBe(boot);
    }
  });

  test('nobody else on the machine may read its state', async () => {
    using store = await openStore(folder);
    expect(store.boot).toBe(1);
    expect(statSync(join(folder, 'state.db')).mode & 0o077).toBe(0);
  });

  test('what an agent was killed over is removed with the next start', async () => {
    for (const name of ['outputs.json.5e1f.part', 'starts.77aa.part', 'token.parts']) writeFileSync(join(folder, name), 'half');
    using _ = await openStore(folder);
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual(['token.parts']);
  });

  test('a state that a newer agent wrote is left alone', async () => {
    (await openStore(folder))[Symbol.dispose]();
    const file = new DatabaseSync(join(folder, 'state.db'));
    file.exec('pragma user_version = 99');
    file.close();
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'schema-newer' });
  });

  test('it is durable: every commit is synced', async () => {
    using store = await openStore(folder);
    store.apps.set(app, record);
    const file = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
    expect(file.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(file.prepare('select count(*) as n from app').get()).toEqual({ n: 1 });
    file.close();
  });

  test('its connection waits for the disk at each commit (synchronous=FULL, which in WAL mode is not the default of every build)', () => {
    using database = openDatabase(folder);
    expect(database.one('pragma synchronous')).toEqual({ synchronous: 2 });
  });
});

describe('records', () => {
  test('come back as they were, by another process', async () => {
    {
      using store = await openStore(folder);
      store.apps.set(app, record);
      store.settings.set('desired', { rev: 4, hash: digestOf('x'), policy: 1 });
    }
    using store = await openStore(folder);
    expect(store.apps.get(app)).toEqual(record);
    expect([...store.apps.all().keys()]).toEqual([app]);
    expect(store.settings.get('desired')).toEqual({ rev: 4, hash: digestOf('x'), policy: 1 });
    store.apps.remove(app);
    expect(store.apps.get(app)).toBeUndefined();
  });

  test('of an agent that did not know holds keep a stop by hand, for a day', async () => {
    (await openStore(folder))[Symbol.dispose]();
    const file = new DatabaseSync(join(folder, 'state.db'));
    const { hold: _hold, previousGood: _previous, ...older } = record;
    const insert = file.prepare('insert into app (name, record) values (?, ?)');
    insert.run('stopped', JSON.stringify({ ...older, held: true }));
    insert.run('running', JSON.stringify({ ...older, held: false }));
    insert.run('leaving', JSON.stringify({ ...older, wanted: null, held: true }));
    file.exec('drop table dropped; drop index journal_by_signer; create index journal_by_age on journal (at_ms); pragma user_version = 2');
    file.close();
    using store = await openStore(folder);
    expect(store.apps.get(AppName.parse('stopped'))).toEqual({ ...older, previousGood: null, hold: { kind: 'stopped', by: 'unknown', forS: 86_400, leftMs: 86_400_000, attempt: 2 } });
    expect(store.apps.get(AppName.parse('running'))).toEqual({ ...older, previousGood: null, hold: null });
    expect(store.apps.get(AppName.parse('leaving'))).toMatchObject({ hold: null });
  });

  test('that somebody damaged are faults, not surprises later', async () => {
    using store = await openStore(folder);
    const file = new DatabaseSync(join(folder, 'state.db'));
    file.prepare('insert into app (name, record) values (?, ?)').run(app, '{"held":"maybe"}');
    file.close();
    expect(() => store.apps.get(app)).toThrow(expect.objectContaining({ code: 'storage-failed' }));
  });

  test('of a transaction that fails are as they were before it', async () => {
    using store = await openStore(folder);
    store.apps.set(app, record);
    expect(() =>
      store.transaction(() => {
        store.apps.remove(app);
        store.transaction(() => store.settings.set('generation', 7));
        throw new Error('in the middle');
      }),
    ).toThrow('in the middle');
    expect(store.apps.get(app)).toEqual(record);
    expect(store.settings.get('generation')).toBeUndefined();
  });

  test('of releases are let go with their blobs when no app needs them', async () => {
    using store = await openStore(folder);
    const blob = (text: string) => ({ digest: digestOf(text), sizeBytes: 1 });
    const release = (n: string) => ({ app, version: '1', counter: 1, repository: 'r', manifest: blob(`m${n}`), config: blob('config'), signatures: blob(`s${n}`), layer: blob(`l${n}`), policy: 1 });
    store.releases.set(digestOf('1'), release('1'));
    store.releases.set(digestOf('2'), release('2'));
    expect(store.releases.keepOnly(new Set([digestOf('2')]))).toEqual(new Set(['m2', 'config', 's2', 'l2'].map((text) => digestOf(text))));
    expect(store.releases.get(digestOf('1'))).toBeUndefined();
  });
});

describe('numbers', () => {
  test('of a floor only rise, and keep the digest of the highest', async () => {
    using store = await openStore(folder);
    expect(store.numbers.floor(app)).toBeUndefined();
    store.numbers.raiseFloor(app, { counter: 5, digest: digestOf('five') });
    store.numbers.raiseFloor(app, { counter: 4, digest: digestOf('four') });
    store.numbers.raiseFloor(app, { counter: 5, digest: digestOf('another five') });
    expect(store.numbers.floor(app)).toEqual({ counter: 5, digest: digestOf('five') });
    store.numbers.raiseFloor(app, { counter: 6, digest: digestOf('six') });
    expect(store.numbers.floor(app)).toEqual({ counter: 6, digest: digestOf('six') });
  });

  test('of a key only rise', async () => {
    using store = await openStore(folder);
    store.numbers.raiseKey('k', 10);
    store.numbers.raiseKey('k', 7);
    expect(store.numbers.ofKey('k')).toBe(10);
    expect(store.numbers.ofKey('other')).toBeUndefined();
  });
});

describe('the journal', () => {
  const keyId = KeyId.parse('ab'.repeat(32));

  test('keeps the newest 200 plain commands and forgets older ones', async () => {
    using store = await openStore(folder);
    store.transaction(() => {
      for (let n = 0; n < 210; n += 1) store.journal.put(entry(`c${n}`), 1_000);
    });
    expect(store.journal.get(CommandId.parse('c9'))).toBeUndefined();
    expect(store.journal.get(CommandId.parse('c10'))).toMatchObject({ state: 'done' });
    expect(store.journal.get(CommandId.parse('c209'))).toMatchObject({ state: 'done' });
  });

  test('keeps the newest 500 signed ones beside them, and says up to which number it has forgotten some', async () => {
    using store = await openStore(folder);
    const put = (n: number) => store.journal.put({ ...entry(`c${n}`), signed: { keyId, number: 1_000 - n } }, 1_000);
    store.transaction(() => {
      for (let n = 0; n < 500; n += 1) put(n);
      for (let n = 0; n < 300; n += 1) store.journal.put(entry(`p${n}`), 1_000);
    });
    expect(store.journal.get(CommandId.parse('c0'), keyId)).toMatchObject({ state: 'done' });
    expect(store.journal.get(CommandId.parse('c0'))).toBeUndefined();
    expect(store.journal.floorOf(keyId)).toBeUndefined();
    put(500);
    put(501);
    expect(store.journal.get(CommandId.parse('c1'), keyId)).toBeUndefined();
    expect(store.journal.floorOf(keyId)).toBe(1_000);
  });

  test('forgets nothing by the clock, which may be a year off', async () => {
    using store = await openStore(folder);
    const yearMs = 365 * 86_400_000;
    store.transaction(() => {
      for (let n = 0; n < 60; n += 1) store.journal.put({ ...entry(`c${n}`), signed: { keyId, number: n + 1 } }, yearMs + n);
    });
    store.journal.put(entry('ahead'), 2 * yearMs);
    store.journal.put(entry('back'), 1);
    expect([store.journal.get(CommandId.parse('c0'), keyId)?.state, store.journal.get(CommandId.parse('ahead'))?.state, store.journal.floorOf(keyId)]).toEqual(['done', 'done', undefined]);
  });

  test('that forgets many at once says the highest number among them', async () => {
    using store = await openStore(folder);
    store.transaction(() => {
      store.journal.put({ ...entry('open', 'running'), signed: { keyId, number: 9_999 } }, 0);
      for (let n = 0; n < 600; n += 1) store.journal.put({ ...entry(`c${n}`), signed: { keyId, number: n + 1 } }, 0);
    });
    expect(store.journal.floorOf(keyId)).toBe(100);
  });

  test('knows an id under whichever key it came, and not a part of one', async () => {
    using store = await openStore(folder);
    store.journal.put({ ...entry('signed_1'), signed: { keyId, number: 1 } }, 0);
    store.journal.put(entry('plain'), 0);
    const known = ['signed_1', 'plain', 'signed-1', 'ed_1', 'plai', 'other'].map((id) => store.journal.knows(CommandId.parse(id)));
    expect(known).toEqual([true, true, false, false, false, false]);
  });

  test('never forgets a command that is not over, and lists those to the next process', async () => {
    {
      using store = await openStore(folder);
      store.journal.put(entry('open', 'running'), 0);
      store.transaction(() => {
        for (let n = 0; n < 520; n += 1) store.journal.put(entry(`c${n}`), 8 * 86_400_000);
      });
    }
    using store = await openStore(folder);
    expect(store.journal.unfinished().map(({ id }) => id)).toEqual(['open']);
  });

  test('an entry moves on in place', async () => {
    using store = await openStore(folder);
    store.journal.put(entry('c1', 'accepted'), 0);
    store.journal.put({ ...entry('c1', 'done'), n: 3, result: { pong: true } }, 5);
    expect(store.journal.get(CommandId.parse('c1'))).toEqual({ ...entry('c1', 'done'), n: 3, result: { pong: true } });
    expect(store.journal.unfinished()).toEqual([]);
  });
});

describe('the outbox', () => {
  const order = (seq: number) => ({ gen: 1, boot: 1, seq });
  const all = (store: Store) => store.outbox.waiting().flatMap((id) => store.outbox.get(id) ?? []);

  test('keeps only the latest report, and every event up to its limit, counting what is dropped', async () => {
    using store = await openStore(folder);
    store.transaction(() => {
      for (let n = 1; n <= 3; n += 1) store.outbox.put({ kind: 'reported', key: 'reported', topic: 't', order: order(n), body: { n } });
      for (let n = 4; n < 510; n += 1) store.outbox.put({ kind: 'event', key: `e${n}`, topic: 't', order: order(n), body: { n } });
    });
    const pending = all(store);
    expect(pending.filter(({ kind }) => kind === 'reported')).toMatchObject([{ body: { n: 3 }, order: order(3) }]);
    expect(pending.filter(({ kind }) => kind === 'event')).toHaveLength(500);
    expect(pending.at(-1)?.body).toEqual({ n: 509 });
    expect(store.outbox.put({ kind: 'event', key: 'one more', topic: 't', order: order(510), body: {} })).toBe(1);
    expect(store.outbox.put({ kind: 'reported', key: 'reported', topic: 't', order: order(511), body: {} })).toBe(0);
  });

  test('gives first what matters most, however long the rest has waited, and within a kind the oldest', async () => {
    using store = await openStore(folder);
    const put = (kind: 'event' | 'refusal' | 'command' | 'reported', seq: number) => store.outbox.put({ kind, key: `k${seq}`, topic: 't', order: order(seq), body: {} });
    store.transaction(() => {
      for (let n = 1; n <= 300; n += 1) put('event', n);
    });
    put('refusal', 301);
    put('command', 302);
    put('command', 303);
    put('reported', 304);
    expect(all(store).slice(0, 5).map((one) => one.order.seq)).toEqual([304, 302, 303, 301, 1]);
  });

  test('has nothing under an id that was acknowledged meanwhile', async () => {
    using store = await openStore(folder);
    store.outbox.put({ kind: 'event', key: 'a', topic: 't', order: order(1), body: {} });
    const [id = 0] = store.outbox.waiting();
    store.outbox.acked(order(1));
    expect(store.outbox.get(id)).toBeUndefined();
  });

  test('one kind cannot crowd out another', async () => {
    using store = await openStore(folder);
    store.outbox.put({ kind: 'command', key: 'c1', topic: 't', order: order(1), body: {} });
    store.transaction(() => {
      for (let n = 2; n < 400; n += 1) store.outbox.put({ kind: 'refusal', key: `r${n}`, topic: 't', order: order(n), body: {} });
    });
    expect(all(store).filter(({ kind }) => kind === 'command')).toHaveLength(1);
    expect(all(store).filter(({ kind }) => kind === 'refusal')).toHaveLength(100);
  });

  test('forgets exactly the message that was acknowledged', async () => {
    {
      using store = await openStore(folder);
      store.outbox.put({ kind: 'event', key: 'a', topic: 't', order: order(1), body: {} });
      store.outbox.put({ kind: 'event', key: 'b', topic: 't', order: order(2), body: {} });
      expect(store.outbox.acked({ gen: 1, boot: 2, seq: 1 })).toBe(false);
      expect(store.outbox.acked(order(1))).toBe(true);
      expect(store.outbox.acked(order(1))).toBe(false);
    }
    using store = await openStore(folder);
    expect(all(store)).toMatchObject([{ order: order(2) }]);
  });
});

describe('a folder that may only be read', () => {
  test.each(['', 'blobs'])('"%s" is said to be one, by name, and not taken for somebody else\u2019s', async (name) => {
    // Modes do not hold root back: it is nobody meanwhile.
    const user = process.geteuid?.() === 0 ? 65_534 : undefined;
    if (user !== undefined) {
      chownSync(folder, user, user);
      process.seteuid?.(user);
    }
    (await openStore(folder))[Symbol.dispose]();
    rmSync(join(folder, 'lock.db'), { force: true });
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    writeFileSync(join(folder, 'blobs', '.partial-x'), '');
    chmodSync(join(folder, name), 0o500);
    try {
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining(join(folder, name)) });
    } finally {
      chmodSync(join(folder, name), 0o700);
      if (user !== undefined) process.seteuid?.(0);
    }
  });
});

test('the storage folder of an app is its own and stays', async () => {
  using store = await openStore(folder);
  const path = await store.storageFolder(app, 'data' as never);
  writeFileSync(join(path, 'x'), '1');
  expect(await store.storageFolder(app, 'data' as never)).toBe(path);
  expect(statSync(join(path, 'x')).size).toBe(1);
});
