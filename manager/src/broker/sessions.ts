import type { Duplex } from 'node:stream';
import type { Peer } from './broker.ts';
import type { Rates } from '../net/index.ts';

/** One accepted connection. aedes has a list of its own by client id, which a takeover at the wrong moment leaves wrong. */
export type Session = {
  readonly peer: Peer;
  readonly conn: Duplex;
  readonly clientId: string;
  readonly will: object | undefined;
  /** How much it may publish; one for all connections of a name. */
  readonly bucket: { take(): boolean };
  readonly filters: Set<string>;
  refusals: number;
  /** Broke a rule and is being closed; what else it sent in the same breath is not counted again. */
  cutOff: boolean;
};

export type Sessions = {
  readonly size: number;
  open(session: Pick<Session, 'peer' | 'conn' | 'clientId' | 'will'>): Session;
  of(conn: Duplex): Session | undefined;
  named(commonName: string): readonly Session[];
  all(): Iterable<Session>;
};

export function newSessions({ rates }: { rates: Rates }): Sessions {
  const byConn = new Map<Duplex, Session>();
  const byName = new Map<string, Set<Session>>();
  const forget = (session: Session): void => {
    byConn.delete(session.conn);
    const others = byName.get(session.peer.commonName);
    others?.delete(session);
    if (others?.size === 0) byName.delete(session.peer.commonName);
  };
  return {
    get size() {
      return byConn.size;
    },
    open(given) {
      const session: Session = { ...given, filters: new Set(), refusals: 0, cutOff: false, bucket: { take: () => rates.take(given.peer.commonName) } };
      byConn.set(session.conn, session);
      byName.set(session.peer.commonName, (byName.get(session.peer.commonName) ?? new Set()).add(session));
      session.conn.once('close', () => forget(session));
      return session;
    },
    of: (conn) => byConn.get(conn),
    named: (commonName) => [...(byName.get(commonName) ?? [])],
    all: () => byConn.values(),
  };
}
