import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandId, DeviceId, Fault, silentLog, systemClock } from '@pier/shared/core';
import { TrustPolicy, generateKeyPair, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { type JournalEntry, type Store, openStore } from '../store/index.ts';
import { Inbox } from './inbox.ts';
import type { Order } from './rules.ts';

const keys = { root: generateKeyPair(), operator: generateKeyPair(), scheduler: generateKeyPair(), release: generateKeyPair(), stranger: generateKeyPair() };
const policyWith = (unsignedCommands: 'readOnly' | 'allow') =>
  TrustPolicy.parse({
    number: 1,
    root: { id: keys.root.id, pem: keys.root.publicPem },
    keys: (['operator', 'scheduler', 'release'] as const).map((role) => ({ id: keys[role].id, name: `the-${role}`, role, pem: keys[role].publicPem })),
    scopes: [],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands,
  });
const device = DeviceId.parse('board-1');
const signal = new AbortController().signal;

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-inbox-'));
  store = await openStore(folder);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

type Told = Omit<JournalEntry, 'cmd' | 'signed'> & { readonly kind: string };

function open({ act = async () => ({ pong: true }), unsigned = 'readOnly' }: { act?: (order: Order) => Promise<Record<string, never> | { pong: boolean }>; unsigned?: 'readOnly' | 'allow' } = {}) {
  const told: Told[] = [];
  const acted: Order[] = [];
  const whose: string[] = [];
  const inbox = new Inbox({
    device,
    store,
    policy: () => policyWith(unsigned),
    clock: systemClock,
    log: silentLog,
    act: async (order, { by }) => {
      acted.push(order);
      whose.push(by);
      return act(order);
    },
    publish: (state, kind) => told.push({ ...state, kind }),
  });
  const say = async (message: unknown, retained = false): Promise<void> => {
    inbox.take(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), { retained, signal });
    await inbox.idle();
  };
  return { inbox, told, acted, whose, say, states: () => told.map(({ state }) => state).join(' ') };
}

const command = (change: object = {}) => ({ device: 'board-1', id: 's1', cmd: 'app.restart', args: { app: 'blink' }, number: 1_000_000, ...change });
const signed = (payload: unknown, by: keyof typeof keys = 'operator', type: string = payloadTypes.command) => signEnvelope({ payloadType: type, payload: JSON.stringify(payload), privatePem: keys[by].privatePem });

describe('a command typed by hand', () => {
  test('that only reads is accepted, run and answered under its id', async () => {
    const { say, told } = open();
    await say({ id: 'r1', cmd: 'ping', by: 'alice' });
    expect(told).toEqual([
      { id: 'r1', n: 1, state: 'accepted', by: 'alice', kind: 'passing' },
      { id: 'r1', n: 2, state: 'running', by: 'alice', kind: 'passing' },
      { id: 'r1', n: 3, state: 'done', by: 'alice', result: { pong: true }, kind: 'final' },
    ]);
  });

  test('without an id gets one that the device makes up', async () => {
    const { say, told } = open();
    await say({ cmd: 'ping' });
    expect(told.at(-1)).toMatchObject({ id: expect.stringMatching(/^made-up-/), state: 'done' });
  });

  test('that writes is refused, unless the policy allows it', async () => {
    const strict = open();
    await strict.say({ id: 'r1', cmd: 'app.stop', args: { app: 'blink' } });
    expect(strict.told).toMatchObject([{ state: 'refused', error: { code: 'command-unsigned' }, kind: 'refusal' }]);
    expect(strict.acted).toEqual([]);
    const lax = open({ unsigned: 'allow' });
    await lax.say({ id: 'r1', cmd: 'app.stop', args: { app: 'blink' } });
    expect(lax.states()).toBe('accepted running done');
  });

  test.each<[string, string, unknown]>([
    ['is not JSON', 'command-unknown', 'ping'],
    ['has an unknown key', 'command-unknown', { cmd: 'ping', sudo: true }],
    ['has an id that is a topic', 'command-unknown', { id: '../+/#', cmd: 'ping' }],
    ['has an unknown verb', 'command-unknown', { id: 'r1', cmd: 'app.format' }],
    ['names a property of every object as its verb', 'command-unknown', { id: 'r1', cmd: 'constructor' }],
    ['has arguments that the verb does not take', 'input-invalid', { id: 'r1', cmd: 'ping', args: { hard: true } }],
    ['is not an object', 'command-unknown', [1, 2]],
  ])('that %s is refused with a sentence, and not run', async (_name, code, message) => {
    const { say, told, acted } = open();
    await say(message);
    expect(told).toMatchObject([{ state: 'refused', error: { code, reason: expect.stringMatching(/.{10,}/) } }]);
    expect(acted).toEqual([]);
  });

  test('that a broker retained is nobody\u2019s command', async () => {
    const { say, told, acted } = open();
    await say({ id: 'r1', cmd: 'ping' }, true);
    expect([told, acted]).toEqual([[], []]);
  });
});

describe('a signed command', () => {
  test('of an operator may be any verb, and says whose key it was', async () => {
    const { say, told } = open();
    await say(signed(command()));
    expect(told.at(-1)).toMatchObject({ id: 's1', state: 'done', by: 'operator:the-operator' });
  });

  test('of a scheduler may start, stop and restart', async () => {
    const { say, states } = open();
    await say(signed(command(), 'scheduler'));
    expect(states()).toBe('accepted running done');
  });

  test.each<[string, string, unknown]>([
    ['by a stranger', 'untrusted-signer', signed(command(), 'stranger')],
    ['by a release key', 'untrusted-signer', signed(command(), 'release')],
    ['for another device', 'forbidden', signed(command({ device: 'board-2' }))],
    ['as something else than a command', 'signature-invalid', signed(command(), 'operator', payloadTypes.desired)],
    ['without a number', 'command-unknown', signed({ ...command(), number: undefined })],
  ])('%s is refused', async (_name, code, message) => {
    const { say, told, acted } = open();
    await say(message);
    expect(told).toMatchObject([{ state: 'refused', error: { code } }]);
    expect(acted).toEqual([]);
  });

  test('more than 5 minutes below the highest of its key is stale; within, it counts', async () => {
    const { say, told } = open();
    await say(signed(command({ id: 'a', number: 1_000_000 })));
    await say(signed(command({ id: 'b', number: 1_000_000 - 300_000 })));
    await say(signed(command({ id: 'c', number: 1_000_000 - 300_001 })));
    expect(told.filter(({ state }) => state === 'done').map(({ id }) => id)).toEqual(['a', 'b']);
    expect(told.at(-1)).toMatchObject({ state: 'refused', error: { code: 'command-stale' } });
    expect(store.numbers.ofKey(keys.operator.id)).toBe(1_000_000);
  });

  test('of one key does not age those of another', async () => {
    const { say, states } = open();
    await say(signed(command({ id: 'a', number: 9_000_000 })));
    await say(signed(command({ id: 'b', number: 1 }), 'scheduler'));
    expect(states()).toBe('accepted running done accepted running done');
  });
});

describe('whose order it is', () => {
  test('is the name of the key, or who is claimed, or nobody that is known', async () => {
    const { say, whose } = open({ unsigned: 'allow' });
    await say(signed(command()));
    await say({ cmd: 'app.stop', args: { app: 'blink' }, by: 'alice at the door' });
    await say({ cmd: 'app.stop', args: { app: 'blink' } });
    expect(whose).toEqual(['operator:the-operator', 'alice at the door', 'somebody']);
  });
});

describe('a command that nobody trusted has signed', () => {
  const stranger = (change: object = {}) => signed(command(change), 'stranger');

  test('is refused under its own id, so that whoever waits for it learns so, and is not journalled', async () => {
    const { say, told, acted } = open();
    await say(stranger());
    expect(told).toEqual([{ id: 's1', n: 1, state: 'refused', error: { code: 'untrusted-signer', reason: expect.any(String) }, kind: 'refusal' }]);
    expect(acted).toEqual([]);
    expect(store.journal.knows(CommandId.parse('s1'))).toBe(false);
    await say(signed(command()));
    expect(told.at(-1)).toMatchObject({ id: 's1', state: 'done' });
  });

  test('cannot speak for an id that is in use', async () => {
    const { say, told } = open();
    await say(signed(command()));
    await say(stranger());
    expect(told.at(-1)).toMatchObject({ id: expect.stringMatching(/^made-up-/), state: 'refused' });
    await say({ id: 'plain', cmd: 'ping' });
    await say(stranger({ id: 'plain' }));
    expect(told.at(-1)).toMatchObject({ id: expect.stringMatching(/^made-up-/), state: 'refused' });
  });

  test.each<[string, unknown]>([
    ['names another device', stranger({ device: 'board-2' })],
    ['names no id', stranger({ id: '+/#' })],
    ['is no command', signed([1], 'stranger')],
    ['is not JSON', signEnvelope({ payloadType: payloadTypes.command, payload: 'ping', privatePem: keys.stranger.privatePem })],
  ])('and %s is refused under a made-up id', async (_name, message) => {
    const { say, told } = open();
    await say(message);
    expect(told).toMatchObject([{ id: expect.stringMatching(/^made-up-/), state: 'refused', error: { code: 'untrusted-signer' } }]);
  });
});

describe('an id', () => {
  test('runs once; a repeat is answered with its last state', async () => {
    const { say, told, acted } = open();
    await say({ id: 'r1', cmd: 'ping' });
    await say({ id: 'r1', cmd: 'ping' });
    expect(acted).toHaveLength(1);
    expect(told.at(-1)).toEqual({ ...told.at(-2), kind: 'final' });
  });

  test('is known to the next process too', async () => {
    await open().say({ id: 'r1', cmd: 'ping' });
    store[Symbol.dispose]();
    store = await openStore(folder);
    const { say, acted, told } = open();
    await say({ id: 'r1', cmd: 'ping' });
    expect(acted).toEqual([]);
    expect(told).toMatchObject([{ id: 'r1', n: 3, state: 'done' }]);
  });

  test('is on disk before anything is done', async () => {
    const seen: unknown[] = [];
    const { say } = open({
      act: async () => {
        seen.push(store.journal.get(CommandId.parse('r1'))?.state);
        return {};
      },
    });
    await say({ id: 'r1', cmd: 'ping' });
    expect(seen).toEqual(['running']);
  });

  test('is not used up by somebody who may not use it', async () => {
    const { say, states } = open();
    await say({ id: 's1', cmd: 'app.restart', args: { app: 'blink' } });
    await say(signed(command()));
    expect(states()).toBe('refused accepted running done');
  });
});

describe('the owner of a broker', () => {
  test('cannot take the id of a signed command with a plain one', async () => {
    const { say, acted } = open();
    await say({ id: 's1', cmd: 'ping' });
    await say(signed(command()));
    expect(acted.map(({ verb }) => verb)).toEqual(['ping', 'app.restart']);
  });

  test('cannot wash a signed command out of the journal with plain ones, and play it again', async () => {
    const { say, acted, told } = open();
    const message = signed(command());
    await say(message);
    store.transaction(() => {
      for (let n = 0; n < 700; n += 1) store.journal.put({ id: CommandId.parse(`w${n}`), cmd: 'ping', n: 3, state: 'done' }, systemClock.nowMs());
    });
    await say(message);
    expect(acted).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ id: 's1', state: 'done' });
  });

  test('cannot play again what the journal has forgotten among signed ones', async () => {
    const { say, acted, told } = open();
    const message = signed(command());
    await say(message);
    store.transaction(() => {
      for (let n = 1; n <= 500; n += 1) store.journal.put({ id: CommandId.parse(`w${n}`), cmd: 'ping', n: 3, state: 'done', signed: { keyId: keys.operator.id, number: 1_000_000 + n } }, systemClock.nowMs());
    });
    await say(message);
    expect(acted).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ id: 's1', state: 'refused', error: { code: 'command-stale' } });
    await say(signed(command({ id: 's2', number: 1_000_501 })));
    expect(told.at(-1)).toMatchObject({ id: 's2', state: 'done' });
  });

  test('cannot have one device answer for a command that was signed for another', async () => {
    const { say, told } = open();
    await say(signed(command()));
    await say(signed(command({ device: 'board-2' })));
    expect(told.at(-1)).toMatchObject({ state: 'refused', error: { code: 'forbidden' } });
  });
});

describe('a device that has lost its memory of commands', () => {
  test.each<[string, number | null, number, string]>([
    ['takes none that is signed before a document tells it how late it is', null, 9_000_000, 'command-stale'],
    ['takes none that may have been done before', 2_000_000, 2_000_000, 'command-stale'],
    ['takes those that were signed since', 2_000_000, 2_000_001, 'done'],
  ])('%s', async (_name, floor, number, outcome) => {
    store.settings.set('lost', { reason: 'torn', floor, told: true });
    const { say, told, acted } = open();
    await say(signed(command({ number })));
    expect(told.at(-1)?.error?.code ?? told.at(-1)?.state).toBe(outcome);
    expect(acted).toHaveLength(outcome === 'done' ? 1 : 0);
  });

  test('still answers those that only read', async () => {
    store.settings.set('lost', { reason: 'torn', floor: null, told: true });
    const { say, told } = open();
    await say(signed(command({ cmd: 'ping', args: {} })));
    expect(told.at(-1)).toMatchObject({ state: 'done' });
  });
});

test('a command that fails says with which code', async () => {
  const { say, told } = open({
    act: async () => {
      throw new Fault('app-unknown', 'this device has no app "blink"');
    },
  });
  await say(signed(command()));
  expect(told.at(-1)).toMatchObject({ state: 'failed', error: { code: 'app-unknown', reason: 'this device has no app "blink"' } });
});

test('what ran when the process died is interrupted at the next start, and never run again', async () => {
  store.journal.put({ id: CommandId.parse('r1'), cmd: 'app.restart', n: 2, state: 'running' }, 0);
  store[Symbol.dispose]();
  store = await openStore(folder);
  const { inbox, told, say, acted } = open();
  inbox.recover();
  expect(told).toMatchObject([{ id: 'r1', n: 3, state: 'interrupted', error: { code: 'interrupted' }, kind: 'final' }]);
  await say({ id: 'r1', cmd: 'ping' });
  expect(acted).toEqual([]);
});

test('more at once than can be worked on are refused, not queued without end', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { inbox, told } = open({
    act: async () => {
      await promise;
      return {};
    },
  });
  for (let n = 0; n < 40; n += 1) inbox.take(Buffer.from(JSON.stringify({ id: `c${n}`, cmd: 'ping' })), { retained: false, signal });
  expect(told.filter(({ state }) => state === 'refused')).toHaveLength(8);
  resolve();
  await inbox.idle();
  expect(told.filter(({ state }) => state === 'done')).toHaveLength(32);
});
