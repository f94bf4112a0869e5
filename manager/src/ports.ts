import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { Fault, type Log, check, parseJson, toFault } from '@pier/shared/core';
import { isErrno, replaceFile } from '@pier/shared/disk';

const Port = z.int().min(1).max(65_535);
const Kept = z.strictObject({ http: Port.optional(), device: Port.optional(), mqtt: Port.optional(), hosts: z.array(z.string().min(1).max(253)).max(16).optional() });
type Kept = z.infer<typeof Kept>;
export type Listener = Exclude<keyof Kept, 'hosts'>;

/** What depends on a listener's address: whether it may move when its port was taken meanwhile. */
const listeners = {
  http: { flag: '--http-port', mayMove: true },
  device: { flag: '--device-port', mayMove: false },
  mqtt: { flag: '--mqtt-port', mayMove: false },
} as const satisfies Record<Listener, { flag: string; mayMove: boolean }>;

export type Ports = {
  /** Opens a listener on the port that was asked for, else on that of the first start, else on any; and keeps which it was. Faults: `conflict`. */
  open<T extends { readonly port: number }>(name: Listener, wanted: number, open: (port: number) => Promise<T>): Promise<T>;
  /** The public hosts that were asked for, which are kept, else those of the start before; none is loopback alone. */
  hosts(wanted: readonly string[] | undefined): Promise<readonly string[]>;
};

/** Where this manager is reached, kept in `ports.json`: boards that enrolled know its ports and its names. */
export async function openPorts(dataDir: string, log: Log): Promise<Ports> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'ports.json');
  const kept = await readKept(path);
  const keep = (): Promise<void> => replaceFile({ path, bytes: `${JSON.stringify(kept)}\n`, mode: 0o600 });
  return {
    hosts: async (wanted) => {
      const before = kept.hosts ?? [];
      if (wanted === undefined || isDeepStrictEqual(wanted, before)) return before;
      kept.hosts = [...wanted];
      await keep();
      log.info({ before, after: wanted }, 'manager.hosts-changed');
      return wanted;
    },
    open: async (name, wanted, open) => {
      const listener = await openOn({ name, port: wanted || (kept[name] ?? 0), movable: wanted === 0 && listeners[name].mayMove, open, log });
      if (kept[name] !== listener.port) {
        kept[name] = listener.port;
        await keep();
      }
      return listener;
    },
  };
}

async function openOn<T>({ name, port, movable, open, log }: { name: Listener; port: number; movable: boolean; open: (port: number) => Promise<T>; log: Log }): Promise<T> {
  try {
    return await open(port);
  } catch (thrown) {
    if (!isPortTaken(thrown)) throw thrown;
    if (movable && port !== 0) {
      log.warn({ listener: name, port }, 'port.taken');
      return open(0);
    }
    const cost = listeners[name].mayMove ? '' : ' Boards that have enrolled know this port, so it is not changed by itself.';
    throw new Fault('conflict', `port ${port} for ${name} is taken by another program: end that one, or choose another port with ${listeners[name].flag}.${cost}`, { port }, thrown);
  }
}

function isPortTaken(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) if (isErrno(error, 'EADDRINUSE')) return true;
  return false;
}

async function readKept(path: string): Promise<Kept> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return {};
    throw toFault(thrown);
  }
  return check(Kept, parseJson(text, { what: path }), { what: path, code: 'storage-failed' });
}
