import { expect, test, vi } from 'vitest';
import { SerialAsk } from '@pier/shared/capability';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import type { SerialPort } from '@pier/shared/hardware';
import { firstSettings, openSerialCell, packSettings, serialWord, unpackSettings } from './serial-cell.ts';
import { type SerialLink, createSerialLink } from './serial-link.ts';

const never = new AbortController().signal;
const waiting = { timeout: 20_000, interval: 5 };
const ask = SerialAsk.parse({ label: 'meter', baud: [9_600, 2_400], parity: ['even', 'none'] });

/** A port that writes its story down, and fails where `faults` says so. */
function makePort(faults: Partial<Record<'configure' | 'write' | 'flush', Fault>> = {}): SerialPort & { readonly story: string[]; readonly faults: typeof faults } {
  const story: string[] = [];
  const act = async (kind: keyof typeof faults, what: string): Promise<void> => {
    const fault = faults[kind];
    if (fault) throw fault;
    story.push(what);
  };
  return {
    path: '/dev/ttyTEST',
    story,
    faults,
    configure: ({ baud }) => act('configure', `${baud}`),
    write: (bytes) => act('write', Buffer.from(bytes).toString()),
    flush: () => act('flush', 'flush'),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A link, and the guest's end of it. */
function makeLink() {
  const link = createSerialLink({ ask, path: '/dev/ttyTEST' }, { clock: systemClock, log: silentLog });
  const { words, tx, rx } = openSerialCell(link.shared);
  return {
    link,
    rx,
    isOpen: () => (Atomics.load(words, serialWord.status) & 1) === 0,
    write: (text: string) => {
      tx.write(Buffer.from(text));
      link.heed();
    },
    ask: (baud: number) => {
      Atomics.store(words, serialWord.asked, packSettings({ ...firstSettings(ask), baud }));
      link.heed();
    },
    flush: () => {
      Atomics.store(words, serialWord.flushAt, tx.written);
      Atomics.add(words, serialWord.flushes, 1);
      link.heed();
    },
    pending: () => tx.size,
    [Symbol.dispose]: () => link[Symbol.dispose](),
  };
}

test('settings go through their word unchanged', () => {
  for (const baud of [50, 9_600, 4_000_000]) {
    for (const parity of ['none', 'even', 'odd'] as const) {
      for (const stopBits of [1, 2] as const) for (const dataBits of [7, 8] as const) expect(unpackSettings(packSettings({ baud, dataBits, parity, stopBits }))).toEqual({ baud, dataBits, parity, stopBits });
    }
  }
});

test('a link starts with the first of each setting, without a port', () => {
  using made = makeLink();
  expect([made.link.settings, made.isOpen()]).toEqual([{ baud: 9_600, dataBits: 8, parity: 'even', stopBits: 1 }, false]);
});

test('an attached port is configured before the guest sees it, and gets what was written since then only', async () => {
  using made = makeLink();
  made.write('before');
  const port = makePort();
  const attaching = made.link.attach(port, never);
  expect(made.isOpen()).toBe(false);
  await attaching;
  expect(made.isOpen()).toBe(true);
  made.write('after');
  await vi.waitFor(() => expect(port.story).toEqual(['9600', 'after']), waiting);
  await vi.waitFor(() => expect(made.pending()).toBe(0), waiting);
});

test('a port that cannot be configured is not attached', async () => {
  using made = makeLink();
  await expect(made.link.attach(makePort({ configure: new Fault('port-gone', 'gone') }), never)).rejects.toMatchObject({ code: 'port-gone' });
  expect(made.isOpen()).toBe(false);
  await made.link.attach(makePort(), never);
  expect(made.isOpen()).toBe(true);
});

test('a port that is detached while it is attached stays detached', async () => {
  using made = makeLink();
  const attaching = made.link.attach(makePort(), never);
  made.link.detach();
  await expect(attaching).rejects.toMatchObject({ code: 'interrupted' });
  expect(made.isOpen()).toBe(false);
});

test('a second port takes the place of the first, which gets nothing any more', async () => {
  using made = makeLink();
  const [first, second] = [makePort(), makePort()];
  await made.link.attach(first, never);
  await made.link.attach(second, never);
  made.write('hello');
  await vi.waitFor(() => expect(second.story).toEqual(['9600', 'hello']), waiting);
  expect(first.story).toEqual(['9600']);
});

test('a port that is gone is not tried again; the link waits for the next one', async () => {
  using made = makeLink();
  await made.link.attach(makePort({ write: new Fault('port-gone', 'unplugged') }), never);
  made.write('lost');
  await vi.waitFor(() => expect(made.isOpen()).toBe(false), waiting);
  const next = makePort();
  await made.link.attach(next, never);
  made.write('hello');
  await vi.waitFor(() => expect(next.story).toEqual(['9600', 'hello']), waiting);
});

test('settings that the port refuses show as disconnected, until others are asked for', async () => {
  using made = makeLink();
  const port = makePort();
  await made.link.attach(port, never);
  port.faults.configure = new Fault('hardware-fault', 'no such rate');
  made.ask(2_400);
  await vi.waitFor(() => expect(made.isOpen()).toBe(false), waiting);
  delete port.faults.configure;
  made.ask(9_600);
  await vi.waitFor(() => expect(made.isOpen()).toBe(true), waiting);
  expect(port.story).toEqual(['9600', '9600']);
});

test('a flush comes before what is written after it', async () => {
  using made = makeLink();
  const port = makePort();
  await made.link.attach(port, never);
  made.flush();
  made.write('new');
  await vi.waitFor(() => expect(port.story).toEqual(['9600', 'flush', 'new']), waiting);
});

test('a port that gives up a write or a setting for a flush has not failed', async () => {
  using made = makeLink();
  const story: string[] = [];
  let stop = Promise.withResolvers<never>();
  const stuck = { write: true, configure: false };
  const act = async (kind: keyof typeof stuck, what: string): Promise<void> => {
    if (stuck[kind]) await stop.promise;
    story.push(what);
  };
  const port: SerialPort = {
    path: '/dev/ttyTEST',
    configure: ({ baud }) => act('configure', `${baud}`),
    write: (bytes) => act('write', Buffer.from(bytes).toString()),
    flush: async () => {
      stuck.write = stuck.configure = false;
      stop.reject(new Fault('interrupted', 'flushed'));
      stop = Promise.withResolvers();
    },
    [Symbol.asyncDispose]: async () => {},
  };
  await made.link.attach(port, never);
  made.write('old');
  await systemClock.sleep(20);
  made.flush();
  made.write('new');
  await vi.waitFor(() => expect(story).toEqual(['9600', 'new']), waiting);
  stuck.configure = true;
  made.ask(2_400);
  await systemClock.sleep(20);
  made.flush();
  await vi.waitFor(() => expect(story).toEqual(['9600', 'new', '2400']), waiting);
  expect(made.isOpen()).toBe(true);
});

test('a flush that fails is a port that fails', async () => {
  using made = makeLink();
  const port = makePort({ flush: new Fault('hardware-fault', 'no') });
  await made.link.attach(port, never);
  made.flush();
  await vi.waitFor(() => expect(made.isOpen()).toBe(false), waiting);
  delete port.faults.flush;
  await vi.waitFor(() => expect(made.isOpen()).toBe(true), waiting);
});

test('the guest is woken for bytes, for a port that comes and for one that goes, until the runner lets go', async () => {
  using made = makeLink();
  let woken = 0;
  const { link }: { link: SerialLink } = made;
  const connection = link.connect(() => void (woken += 1));
  const counts = [woken];
  link.take(Buffer.from('x'));
  counts.push(woken);
  await link.attach(makePort(), never);
  counts.push(woken);
  link.detach();
  counts.push(woken);
  connection[Symbol.dispose]();
  link.take(Buffer.from('y'));
  expect(counts.every((count, index) => index === 0 || count > (counts[index - 1] ?? 0))).toBe(true);
  expect([woken, made.rx.size]).toEqual([counts.at(-1), 2]);
});

test('a disposed link attaches nothing', async () => {
  const made = makeLink();
  made.link[Symbol.dispose]();
  await expect(made.link.attach(makePort(), never)).rejects.toMatchObject({ code: 'interrupted' });
});
