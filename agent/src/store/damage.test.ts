import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppName, CommandId, KeyId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type AppRecord, type Store, openStore } from './index.ts';

const app = AppName.parse('blink');
const keyId = KeyId.parse('ab'.repeat(32));
const floor = { counter: 7, digest: digestOf('seven') };
const record: AppRecord = {
  wanted: { repository: 'apps/blink', digest: floor.digest, version: '1.0.7' as never, counter: 7, attempt: 2, soakS: 3, bindings: {}, rev: 40 },
  progress: { attempt: 2, digest: floor.digest, rev: 40, state: 'proven' },
  current: floor.digest,
  lastGood: { digest: floor.digest, version: '1.0.7', counter: 7 },
  previousGood: null,
  hold: null,
};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-damage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (name = ''): string => join(folder, `state.db${name}`);

/** A device that has lived: three starts, an app, numbers, commands, things to tell. */
async function lived(): Promise<void> {
  for (const start of [1, 2, 3]) {
    using store = await openStore(folder);
    expect(store.boot).toBe(start);
    store.transaction(() => {
      store.numbers.raiseFloor(app, floor);
      store.numbers.raiseKey(keyId, 1_000_000);
      store.apps.set(app, record);
      store.settings.set('desired', { rev: 40, hash: digestOf('desired'), policy: 2, revs: { [keyId]: 40 } });
      for (let n = 0; n < 60; n += 1) store.journal.put({ id: CommandId.parse(`c${start}-${n}`), cmd: 'ping', n: 3, state: 'done', result: { text: 'x'.repeat(500) }, signed: { keyId, number: 1_000 + n } }, 0);
      for (let n = 0; n < 60; n += 1) store.outbox.put({ kind: 'event', key: `${start}/${n}`, topic: 't', order: { gen: 1, boot: start, seq: n }, body: { text: 'y'.repeat(500) } });
    });
  }
}

/** Whatever happened to the file, a device starts, is heard (its starts go on counting), and knows that it has forgotten. */
function startedAnew(store: Store): void {
  expect(store.boot).toBeGreaterThan(3);
  expect(store.settings.get('lost')).toMatchObject({ floor: null, told: false, reason: expect.stringContaining('state.db') });
  expect(store.settings.get('desired')?.hash ?? null).toBeNull();
  store.numbers.raiseKey('other', 1);
}

function overwrite(name: string, at: number, bytes: Buffer): void {
  const whole = readFileSync(file(name));
  bytes.copy(whole, at);
  writeFileSync(file(name), whole);
}

describe('a database that is damaged', () => {
  test.each<[string, () => void]>([
    ['whose header is zeros', () => overwrite('', 0, Buffer.alloc(100))],
    ['that is another file', () => writeFileSync(file(), 'this was a database once, and it is long enough to have a header to look at')],
    ['that was cut to a half', () => truncateSync(file(), (statSync(file()).size >> 14) << 13)],
    ['that is empty', () => truncateSync(file(), 0)],
    ['that is gone', () => rmSync(file())],
    ['with a page of noise', () => overwrite('', 4_096 * 3, Buffer.alloc(4_096, 0xa5))],
    ['with pages of zeros', () => overwrite('', 4_096, Buffer.alloc(4_096 * 2))],
  ])('%s is put aside, and the device starts with what could be saved', async (_name, damage) => {
    await lived();
    damage();
    using store = await openStore(folder);
    startedAnew(store);
    expect(readdirSync(folder)).toContain('state.db.broken-1');
    expect(statSync(file('.broken-1')).mode & 0o077).toBe(0);
  });

  test('still gives its apps and the numbers that only rise when another part is what broke: they run on, and nothing that a key has signed is played again', async () => {
    await lived();
    const { rootpage } = new DatabaseSync(file(), { readOnly: true }).prepare(`select rootpage from sqlite_schema where name = 'outbox'`).get() as { rootpage: number };
    overwrite('', (rootpage - 1) * 4_096, Buffer.alloc(4_096, 0xa5));
    using store = await openStore(folder);
    startedAnew(store);
    expect([store.numbers.floor(app), store.numbers.ofKey(keyId), store.journal.floorOf(keyId)]).toEqual([floor, 1_000_000, 1_000_000]);
    expect(store.settings.get('desired')).toEqual({ rev: 40, hash: null, policy: 2, revs: { [keyId]: 40 } });
    expect(store.apps.get(app)).toEqual(record);
  });

  test('in one record that no page shows is put aside as well', async () => {
    await lived();
    const other = new DatabaseSync(file());
    other.exec(`update setting set value = '{"rev":' where key = 'desired'`);
    other.close();
    using store = await openStore(folder);
    startedAnew(store);
    expect(store.numbers.floor(app)).toEqual(floor);
  });

  test('is not touched when it is only of a newer agent', async () => {
    await lived();
    const other = new DatabaseSync(file());
    other.exec('pragma user_version = 99');
    other.close();
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'schema-newer' });
    expect(readdirSync(folder).filter((name) => name.includes('broken'))).toEqual([]);
  });

  test('again and again keeps the last two, and the count of starts goes on even where it is written nowhere', async () => {
    await lived();
    let before = 0;
    for (const n of [1, 2, 3, 4]) {
      writeFileSync(file(), 'x'.repeat(200));
      rmSync(join(folder, 'starts'), { force: true });
      using store = await openStore(folder);
      startedAnew(store);
      expect(store.boot).toBeGreaterThan(before);
      before = store.boot;
      expect(existsSync(file(`.broken-${n}`))).toBe(true);
    }
    expect(readdirSync(folder).filter((name) => /broken-\d$/.test(name))).toEqual(['state.db.broken-3', 'state.db.broken-4']);
  });
});

test('a database that turns out to be damaged while it is in use is said to be, and put aside at the next start', async () => {
  await lived();
  {
    using store = await openStore(folder);
    // Another's write makes sqlite read the file again, where it would go on from its memory.
    const other = new DatabaseSync(file());
    other.exec(`insert into key_number (key, number) values ('other', 1); pragma wal_checkpoint(truncate)`);
    const whole = readFileSync(file());
    whole.fill(0xa5, 4_096);
    writeFileSync(file(), whole);
    expect(store.damage.aborted).toBe(false);
    expect(() => store.outbox.waiting()).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    other.close();
    expect(store.damage.reason).toMatchObject({ code: 'storage-failed', message: expect.stringContaining('state.db') });
  }
  using store = await openStore(folder);
  startedAnew(store);
});

test.each<[string, string, (store: Store) => unknown]>([
  ['app', `update app set record = '{"wanted":'`, (store) => store.apps.get(app)],
  ['setting', `update setting set value = '{"rev":' where key = 'desired'`, (store) => store.settings.get('desired')],
])('a record of an %s that rots while it is in use is damage too: the next start has a way out', async (_name, rot, read) => {
  await lived();
  {
    using store = await openStore(folder);
    const other = new DatabaseSync(file());
    other.exec(rot);
    other.close();
    expect(() => read(store)).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    expect(store.damage.aborted).toBe(true);
  }
  using store = await openStore(folder);
  startedAnew(store);
});

test('a log of writes that came back damaged loses the newest, and the device knows that it has', async () => {
  await lived();
  const crashed = join(folder, 'crashed');
  {
    using store = await openStore(folder);
    store.numbers.raiseFloor(app, { counter: 8, digest: digestOf('eight') });
    // What a kill leaves: the file and its log, not folded together.
    for (const part of ['', '-wal']) copyFileSync(file(part), crashed + part);
  }
  for (const part of ['', '-wal']) copyFileSync(crashed + part, file(part));
  const log = readFileSync(file('-wal'));
  expect(log.byteLength).toBeGreaterThan(4_096);
  overwrite('-wal', 32 + 24 + 100, Buffer.from([0xff, 0xff, 0xff, 0xff]));
  using store = await openStore(folder);
  expect(store.boot).toBe(5);
  startedAnew(store);
  expect(store.numbers.floor(app)).toEqual(floor);
});

test('wherever a few bytes change, a start ends with a store that works: never with a crash, never with a count of starts that falls', async () => {
  await lived();
  const sound = readFileSync(file());
  // A fixed sequence (a linear congruential generator), so that a failure comes again.
  let state = 20_260_701;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  let anew = 0;
  for (let round = 0; round < 40; round += 1) {
    const bytes = Buffer.from(sound);
    for (let at = random(bytes.length), n = 1 + random(16); n > 0; n -= 1, at += 1) bytes[at % bytes.length] = random(256);
    for (const name of readdirSync(folder)) if (name.startsWith('state.db')) rmSync(join(folder, name));
    writeFileSync(file(), bytes);
    using store = await openStore(folder);
    expect(store.boot).toBeGreaterThan(3 + round);
    store.numbers.raiseKey('other', round);
    if (store.settings.get('lost')) anew += 1;
  }
  expect(anew).toBeGreaterThan(3);
});
