import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, CommandId, DeviceId, Fault, silentLog, systemClock } from '@pier/shared/core';
import { TrustPolicy, generateKeyPair } from '@pier/shared/signing';
import { type Store, openStore } from '../store/index.ts';
import { Inbox } from './inbox.ts';

const root = generateKeyPair();
const policy = TrustPolicy.parse({ number: 1, root: { id: root.id, pem: root.publicPem }, keys: [], scopes: [], bindings: 'manager', permits: 'optional', unsignedCommands: 'allow' });
const signal = new AbortController().signal;
const quick: Clock = { ...systemClock, after: (ms, act) => systemClock.after(ms / 100, act) };

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-full-'));
  store = await openStore(folder);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The real store, on a disk that takes nothing while `full` says so. */
function open(act: () => void = () => {}) {
  const disk = { full: false };
  const told: string[] = [];
  let acted = 0;
  const whenRoom = <T>(write: () => T): T => {
    if (disk.full) throw new Fault('disk-full', 'no room');
    return write();
  };
  const inbox = new Inbox({
    device: DeviceId.parse('board-1'),
    store: { ...store, transaction: (write) => whenRoom(() => store.transaction(write)) },
    policy: () => policy,
    clock: quick,
    log: silentLog,
    act: async () => {
      acted += 1;
      act();
      return {};
    },
    publish: (state, how) => {
      if (how !== 'passing') whenRoom(() => {});
      told.push(`${state.id} ${state.state}${state.error ? ` ${state.error.code}` : ''}${how === 'passing' ? '' : `, ${how}`}`);
    },
  });
  const say = async (id: string): Promise<void> => {
    inbox.take(Buffer.from(JSON.stringify({ id, cmd: 'ping' })), { retained: false, signal });
    await inbox.idle();
  };
  return { disk, inbox, told, say, acted: () => acted };
}
const stateOf = (id: string) => store.journal.get(CommandId.parse(id))?.state;
async function until(look: () => boolean): Promise<void> {
  for (let tries = 0; !look() && tries < 1_000; tries += 1) await systemClock.sleep(5);
  expect(look()).toBe(true);
}

test('a flaw of ours in telling is no full disk, and is not passed over', () => {
  const inbox = new Inbox({
    device: DeviceId.parse('board-1'), store, policy: () => policy, clock: quick, log: silentLog, act: async () => ({}),
    publish: (_state, how) => {
      if (how !== 'passing') throw new TypeError('a flaw');
    },
  });
  const say = (text: string): void => inbox.take(Buffer.from(text), { retained: false, signal });
  expect(() => say('no command')).toThrow('a flaw');
  store.journal.put({ id: CommandId.parse('c1'), cmd: 'ping', n: 3, state: 'done' }, 0);
  expect(() => say(JSON.stringify({ id: 'c1', cmd: 'ping' }))).toThrow('a flaw');
});

describe('on a full disk', () => {
  test('a command that cannot be written down is refused, told so to whoever listens, and not run', async () => {
    const { disk, told, say, acted } = open();
    disk.full = true;
    await say('c1');
    expect([told, acted(), stateOf('c1')]).toEqual([['c1 refused disk-full'], 0, undefined]);
    disk.full = false;
    await say('c2');
    expect([told.at(-1), acted()]).toEqual(['c2 done, final', 1]);
  });

  test('and was refused stays so though it comes again when there is room: somebody was told', async () => {
    const { disk, told, say, acted } = open();
    disk.full = true;
    await say('c1');
    disk.full = false;
    await say('c1');
    expect([told.at(-1), acted()]).toEqual(['c1 refused disk-full, refusal', 0]);
  });

  test('an end that cannot be written down is told at once, written when it can be, and the command not run again', async () => {
    const world = open(() => {
      world.disk.full = true;
    });
    await world.say('c1');
    expect(world.told).toEqual(['c1 accepted', 'c1 running', 'c1 done']);
    expect(stateOf('c1')).toBe('running');
    await world.say('c1');
    expect([world.told.at(-1), world.acted()]).toEqual(['c1 running', 1]);
    world.disk.full = false;
    await until(() => stateOf('c1') === 'done');
    expect(world.told.at(-1)).toBe('c1 done, final');
  });

  test('an agent that ends tries no more, and leaves the rest to the next one', async () => {
    const world = open(() => {
      world.disk.full = true;
    });
    await world.say('c1');
    world.inbox[Symbol.dispose]();
    world.disk.full = false;
    await systemClock.sleep(200);
    expect([world.told.at(-1), stateOf('c1')]).toEqual(['c1 done', 'running']);
  });

  test('the agent starts, and says what was interrupted when it can write it down', async () => {
    store.journal.put({ id: CommandId.parse('c1'), cmd: 'app.restart', n: 2, state: 'running' }, 0);
    const { disk, inbox, told } = open();
    disk.full = true;
    inbox.recover();
    expect(told).toEqual(['c1 interrupted interrupted']);
    disk.full = false;
    await until(() => stateOf('c1') === 'interrupted');
    expect(told.at(-1)).toBe('c1 interrupted interrupted, final');
  });
});
