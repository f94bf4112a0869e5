import { type TLSSocket, createServer } from 'node:tls';
import type { Log } from '@pier/shared/core';
import { listen, oneHandshake } from '../net/index.ts';
import type { Broker, BrokerOptions } from './broker.ts';
import type { Counter } from './counts.ts';
import type { BrokerLimits } from './limits.ts';
import type { Strangers } from './strangers.ts';

type Options = Pick<BrokerOptions, 'identity' | 'host' | 'port'> & { readonly log: Log; readonly limits: BrokerLimits; readonly counter: Counter; readonly strangers: Strangers; readonly onTls: (socket: TLSSocket) => void };

type FrontDoor = { readonly port: number; isListening(): boolean; useIdentity: Broker['useIdentity'] } & AsyncDisposable;

/** Mutual TLS: who comes through has a certificate of our CA that is meant for clients and valid now. */
export async function openFrontDoor(options: Options): Promise<FrontDoor> {
  const { identity, limits, counter, strangers, log } = options;
  const shown = ({ certPem: cert, keyPem: key }: Parameters<Broker['useIdentity']>[0]) => ({ cert, key, ca: identity.caPem, minVersion: 'TLSv1.2', ...oneHandshake }) as const;
  const server = createServer({
    ...shown(identity),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.connectTimeoutMs,
  });
  server.maxConnections = limits.connectionsMax;
  server.on('connection', (socket) => strangers.admit(socket));
  server.on('secureConnection', options.onTls);
  // Node reports a handshake that failed or never began, but leaves its socket open.
  server.on('tlsClientError', (error, socket) => {
    counter.refused += 1;
    log.info({ address: socket.remoteAddress, why: error.message }, 'broker.handshake-failed');
    socket.destroy();
  });
  server.on('drop', () => {
    counter.refused += 1;
  });
  const port = await listen(server, { host: options.host, port: options.port, backlog: 1_024 });
  return {
    port,
    isListening: () => server.listening,
    useIdentity: (next) => server.setSecureContext(shown(next)),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      strangers.endAll();
      await closed;
    },
  };
}
