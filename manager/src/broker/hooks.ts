import type { Duplex } from 'node:stream';
import type { AedesOptions, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { type ConnackCode, admit, connackCodes } from './admission.ts';
import type { BrokerOptions, Peer } from './broker.ts';
import type { Counter } from './counts.ts';
import type { Holders } from './holders.ts';
import type { BrokerLimits } from './limits.ts';
import { mayPublish, maySubscribe } from './rules.ts';
import type { Session, Sessions } from './sessions.ts';

/** How long a refused client may take to read why. */
const lingerMs = 1_000;

export type HookParts = Pick<BrokerOptions, 'clock' | 'log' | 'isRevoked' | 'supersededBy' | 'onSuperseded' | 'onLetIn'> & {
  readonly limits: BrokerLimits;
  readonly counter: Counter;
  readonly sessions: Sessions;
  readonly holders: Holders;
  readonly peerOf: (conn: Duplex) => Peer | undefined;
  /** The connection has become a session. */
  readonly onKnown: (conn: Duplex) => void;
};

/** The questions that aedes asks, answered by our rules. Only `preConnect` lets anybody in; it sees the whole CONNECT. */
export function brokerHooks(parts: HookParts): Required<Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'>> {
  const { counter, sessions } = parts;
  const refused = new WeakSet<Duplex>();
  let anonymous = 0;
  const anonymousId = (): string => `anonymous-${(anonymous += 1)}`;

  return {
    preConnect(client, packet, callback) {
      const peer = parts.peerOf(client.conn);
      // Somebody who was told no and knocks again on the same connection.
      if (!peer || refused.has(client.conn)) return callback(new Error('refused before'), false);
      const answer = judge(packet, peer, { ...parts, anonymousId, address: addressOf(client.conn) });
      if (!answer.ok) {
        refused.add(client.conn);
        turnAway(client.conn, answer, { ...parts, peer });
        return callback(null, false);
      }
      welcome(client.conn, packet, { ...parts, peer, clientId: answer.clientId });
      return callback(null, true);
    },
    // The certificate said it all: user name and password are not looked at.
    authenticate: (_client, _user, _password, done) => done(null, true),
    authorizePublish(client, packet, done) {
      const session = client && sessions.of(client.conn);
      if (!session) return done(new Error('no session'));
      const wrong = publishFault(session, packet);
      if (wrong !== undefined) return done(cutOff(session, { why: wrong, topic: packet.topic }, parts));
      if (packet.retain) counter.retainCleared += 1;
      packet.retain = false;
      return done();
    },
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.of(client.conn);
      if (!session) return done(new Error('no session'));
      return filterAnswer(session, subscription, parts, done);
    },
  };
}

type Judgement = ReturnType<typeof admit>;

function judge(packet: ConnectPacket, peer: Peer, { limits, isRevoked, supersededBy, onSuperseded, clock, sessions, holders, anonymousId, address }: HookParts & { anonymousId: () => string; address: string }): Judgement {
  const no = (code: ConnackCode, reason: string): Judgement => ({ ok: false, code, reason });
  if (peer.notAfterMs <= clock.nowMs()) return no(connackCodes.notAuthorized, `the certificate of ${peer.commonName} has expired`);
  if (isRevoked(peer.identity, peer.serial)) return no(connackCodes.notAuthorized, `${peer.commonName} is revoked`);
  const superseded = supersededBy?.(peer);
  if (superseded !== undefined) {
    onSuperseded?.(peer, { address, connectedMs: clock.nowMs() });
    return no(connackCodes.notAuthorized, superseded);
  }
  if (peer.identity.kind !== 'device' && sessions.named(peer.commonName).length >= limits.connectionsPerNameMax) return no(connackCodes.unavailable, `${peer.commonName} has ${limits.connectionsPerNameMax} connections already`);
  const answer = admit(packet, peer, { limits, anonymousId });
  if (!answer.ok || peer.identity.kind !== 'device') return answer;
  const name = peer.commonName;
  const second = holders.refusal({ name, will: packet.will?.payload, address, isHeld: sessions.named(name).length > 0 });
  return second === undefined ? answer : no(connackCodes.notAuthorized, second);
}

export function addressOf(conn: Duplex): string {
  return ('remoteAddress' in conn && typeof conn.remoteAddress === 'string' && conn.remoteAddress) || 'unknown';
}

/** Sends the return code before the connection ends, so that the client can say why. */
function turnAway(conn: Duplex, { code, reason }: { code: ConnackCode; reason: string }, { counter, log, clock, peer }: HookParts & { peer: Peer }): void {
  counter.refused += 1;
  log.warn({ who: peer.commonName, code, why: reason }, 'broker.connect-refused');
  conn.end(Buffer.from([0x20, 2, 0, code]));
  clock.after(lingerMs, () => conn.destroy());
}

function welcome(conn: Duplex, packet: ConnectPacket, { sessions, counter, log, onKnown, onLetIn, peer, clientId }: HookParts & { peer: Peer; clientId: string }): void {
  if (peer.identity.kind === 'device' && sessions.named(peer.commonName).length > 0) {
    counter.takeovers += 1;
    log.info({ who: peer.commonName }, 'broker.takeover');
  }
  packet.clientId = clientId;
  // A kept session would promise a queue that is not there; the answer says "no session present", as after a restart.
  packet.clean = true;
  if (packet.will) packet.will.retain = false;
  counter.accepted += 1;
  sessions.open({ peer, conn, clientId, will: packet.will });
  onKnown(conn);
  onLetIn?.(peer);
}

function publishFault(session: Session, packet: PublishPacket): string | undefined {
  const { peer } = session;
  if (!mayPublish(peer.identity, packet.topic)) return `${peer.commonName} may not publish there`;
  // A will was judged with its CONNECT; it must come even when its sender was cut off for talking too much.
  if (packet === session.will) return undefined;
  if (packet.qos !== 0 && !(Number(packet.messageId) > 0)) return 'a packet identifier of 0 (MQTT-2.3.1-1)';
  if (peer.identity.kind !== 'manager' && !session.bucket.take()) return 'publishing faster than allowed';
  return undefined;
}

function filterAnswer(session: Session, subscription: Subscription, parts: HookParts, done: (error: Error | null, subscription?: Subscription | null) => void): void {
  const { limits, counter, log } = parts;
  const filter = subscription.topic;
  if (maySubscribe(session.peer.identity, filter)) {
    session.filters.add(filter);
    if (session.filters.size <= limits.filtersPerConnectionMax) return done(null, subscription);
    return done(cutOff(session, { why: `more than ${limits.filtersPerConnectionMax} filters`, topic: filter }, parts));
  }
  counter.filtersRefused += 1;
  session.refusals += 1;
  // 0x80 is an answer that people's tools show; only who goes on asking is cut off.
  if (session.refusals > limits.refusalsPerConnectionMax) return done(cutOff(session, { why: 'too many refused filters', topic: filter }, parts));
  log.warn({ who: session.peer.commonName, filter: shown(filter) }, 'broker.subscribe-refused');
  return done(null, null);
}

/** The error that makes aedes close the connection; the first one is logged and counted. */
function cutOff(session: Session, { why, topic }: { why: string; topic: string }, { counter, log }: HookParts): Error {
  if (!session.cutOff) {
    counter.violations += 1;
    log.warn({ who: session.peer.commonName, topic: shown(topic), why }, 'broker.cut-off');
  }
  session.cutOff = true;
  return new Error(why);
}

function shown(topic: string): string {
  return topic.slice(0, 200);
}
