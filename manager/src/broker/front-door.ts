import { type TLSSocket, createServer } from 'node:tls';
import type { Log } from '@pier/shared/core';
import { listen } from '../net/index.ts';
import type { BrokerOptions } from './broker.ts';
import type { Counter } from './counts.ts';
import type { BrokerLimits } from './limits.ts';
import type { Strangers } from './strangers.ts';

type Options = Pick<BrokerOptions, 'identity' | 'host' | 'port'> & { readonly log: Log; readonly limits: BrokerLimits; readonly counter: Counter; readonly strangers: Strangers; readonly onTls: (socket: TLSSocket) => void };

/** Mutual TLS: who comes through has a certificate of our CA that is meant for clients and valid now. */
export async function openFrontDoor(options: Options): Promise<{ readonly port: number; isListening(): boolean } & AsyncDisposable> {
  const { identity, limits, counter, strangers, log } = options;
  const server = createServer({
    cert: identity.certPem,
    key: identity.keyPem,
    ca: identity.caPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
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
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      strangers.endAll();
      await closed;
    },
  };
}
