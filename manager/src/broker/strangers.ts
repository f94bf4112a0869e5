import type { Socket } from 'node:net';
import type { Clock, Log } from '@pier/shared/core';
import type { Counter } from './counts.ts';
import type { BrokerLimits } from './limits.ts';

/** Connections that have not said who they are: bounded for each address and in all, and each has one deadline from its first byte on. */
export type Strangers = {
  admit(socket: Socket): void;
  /** This one is known now, or gone. Takes the TCP socket or the TLS socket above it. */
  release(socket: Socket): void;
  endAll(): void;
};

type Options = { readonly clock: Clock; readonly log: Log; readonly limits: BrokerLimits; readonly counter: Counter };
type Stranger = { readonly socket: Socket; readonly address: string; readonly deadline: Disposable };

export function newStrangers({ clock, limits, counter, log }: Options): Strangers {
  const waiting = new Map<string, Stranger>();
  const perAddress = new Map<string, number>();
  const release = (key: string): void => {
    const stranger = waiting.get(key);
    if (!stranger) return;
    stranger.deadline[Symbol.dispose]();
    waiting.delete(key);
    const left = (perAddress.get(stranger.address) ?? 1) - 1;
    if (left > 0) perAddress.set(stranger.address, left);
    else perAddress.delete(stranger.address);
  };
  const refuse = (socket: Socket, why: string): void => {
    counter.refused += 1;
    log.warn({ address: socket.remoteAddress, why }, 'broker.connection-refused');
    socket.destroy();
  };
  return {
    admit(socket) {
      const address = socket.remoteAddress;
      // Gone before anybody looked at it.
      if (address === undefined) return void socket.destroy();
      const fromHere = perAddress.get(address) ?? 0;
      if (waiting.size >= limits.strangersMax || fromHere >= limits.strangersPerAddressMax) return refuse(socket, 'too many connections that have not said who they are');
      const key = keyOf(socket);
      perAddress.set(address, fromHere + 1);
      waiting.set(key, { socket, address, deadline: clock.after(limits.connectTimeoutMs, () => refuse(socket, `no CONNECT within ${limits.connectTimeoutMs} ms`)) });
      socket.once('close', () => release(key));
      return undefined;
    },
    release: (socket) => release(keyOf(socket)),
    endAll() {
      for (const { socket } of waiting.values()) socket.destroy();
    },
  };
}

/** A TLS socket shows address and port of the TCP socket below it, but not that socket. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
