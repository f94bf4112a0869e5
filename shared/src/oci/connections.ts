import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import { toFault } from '../core/index.ts';
import { type PinnedTls, openPinnedTls } from '../tls/index.ts';

/** The given authority replaces the system's; `cert` and `key` are shown to the registry's own origin alone. */
export type RegistryTls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** `ca` is one private authority, and dates are not looked at: for boards whose clock may be years wrong. */
  readonly pinned?: boolean;
};

export type Agents = { readonly http: http.Agent; readonly https: https.Agent };

const kept = { keepAlive: true, maxSockets: 8 } as const;

/** Connections that are kept: those to the origin show who we are, those to strangers do not. */
export type Connections = Disposable & { of(trusted: boolean): Agents };

/** `tls` is asked at each request; once it gives something else, older connections only end what they were at, and are let go. */
export function openConnections(tls: () => RegistryTls): Connections {
  const made = new Set<Agents>();
  const make = (of: RegistryTls): Agents => {
    const agents = { http: new http.Agent(kept), https: of.pinned === true ? new PinnedAgent(of) : new https.Agent({ ...kept, minVersion: 'TLSv1.2', ...shown(of) }) };
    made.add(agents);
    return agents;
  };
  const open = (): { readonly own: Agents; readonly strangers: Agents } => {
    const { cert: _cert, key: _key, ...anybody } = tls();
    return { own: make(tls()), strangers: make(anybody) };
  };
  let now = open();
  let of = tls();
  return {
    of: (trusted) => {
      const wanted = tls();
      if (wanted.cert !== of.cert || wanted.ca !== of.ca || wanted.key !== of.key) {
        // A process that runs for years sees many certificates.
        for (const agents of [...made].filter(isIdle)) {
          close(agents);
          made.delete(agents);
        }
        [of, now] = [wanted, open()];
      }
      return trusted ? now.own : now.strangers;
    },
    [Symbol.dispose]: () => made.forEach(close),
  };
}

function isIdle(agents: Agents): boolean {
  return [agents.http, agents.https].every(({ sockets, requests }) => Object.keys(sockets).length === 0 && Object.keys(requests).length === 0);
}

function close(agents: Agents): void {
  agents.http.destroy();
  agents.https.destroy();
}

function shown({ ca, cert, key }: RegistryTls): https.AgentOptions {
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

/** How long a handshake may take; whoever asks has a deadline of its own, which does not reach the agent's sockets. */
const handshakeTimeoutMs = 20_000;

class PinnedAgent extends https.Agent {
  readonly #tls: RegistryTls;

  constructor(tls: RegistryTls) {
    super(kept);
    this.#tls = tls;
  }

  override createConnection(options: https.RequestOptions, done: (error: Error | null, socket: Duplex) => void): undefined {
    const { ca = '', cert, key } = this.#tls;
    const identity = cert === undefined || key === undefined ? {} : { cert, key };
    void this.#open({ host: String(options.host).replace(/^\[|\]$/g, ''), port: Number(options.port ?? 443), ca, ...identity }, done);
    return undefined;
  }

  async #open(to: PinnedTls, done: (error: Error | null, socket: Duplex) => void): Promise<void> {
    let socket: Duplex;
    try {
      socket = await openPinnedTls(to, AbortSignal.timeout(handshakeTimeoutMs));
    } catch (cause) {
      // Node takes an error without a socket, which its types do not say.
      return (done as (error: Error) => void)(toFault(cause));
    }
    return done(null, socket);
  }
}
