import type { ConnectPacket } from 'aedes';
import type { BrokerLimits } from './limits.ts';
import type { Peer } from './broker.ts';
import { mayPublish } from './rules.ts';

/** Return codes of CONNACK, MQTT 3.1.1 table 3.1. */
export const connackCodes = { protocol: 1, clientId: 2, unavailable: 3, notAuthorized: 5 } as const;
export type ConnackCode = (typeof connackCodes)[keyof typeof connackCodes];

export type Admission = { readonly ok: true; readonly clientId: string } | { readonly ok: false; readonly code: ConnackCode; readonly reason: string };

const printable = /^[^\p{Cc}\uFFFD]{1,128}$/u;

/**
 * Whether this CONNECT may become a session, and under which id the broker knows it. A device's id is its certificate's name.
 * A person's is prefixed with it, so that neither another person nor a device can end a session by choosing its client id.
 */
export function admit(packet: ConnectPacket, peer: Peer, { limits, anonymousId }: { limits: BrokerLimits; anonymousId: () => string }): Admission {
  if (packet.protocolId !== 'MQTT' || packet.protocolVersion !== 4 || 'bridgeMode' in packet) {
    return { ok: false, code: connackCodes.protocol, reason: `MQTT 3.1.1 is spoken here, not ${packet.protocolId} level ${packet.protocolVersion}` };
  }
  const id = clientIdOf(packet, peer, anonymousId);
  if (id === undefined) return { ok: false, code: connackCodes.clientId, reason: `client id ${JSON.stringify(packet.clientId.slice(0, 80))} does not fit the certificate of ${peer.commonName}` };
  const keepaliveS = packet.keepalive ?? 0;
  if (keepaliveS === 0 || keepaliveS > limits.keepaliveS) return { ok: false, code: connackCodes.notAuthorized, reason: `keep-alive ${keepaliveS} s; expected 1 to ${limits.keepaliveS}` };
  const wrongWill = packet.will && willFault(packet.will, peer);
  if (wrongWill !== undefined) return { ok: false, code: connackCodes.notAuthorized, reason: wrongWill };
  return { ok: true, clientId: id };
}

function clientIdOf({ clientId, clean }: ConnectPacket, peer: Peer, anonymousId: () => string): string | undefined {
  if (peer.identity.kind === 'device') return clientId === peer.commonName ? clientId : undefined;
  if (clientId === '') return clean === true ? `${peer.commonName}/${anonymousId()}` : undefined;
  return printable.test(clientId) ? `${peer.commonName}/${clientId}` : undefined;
}

/** Checked here because a broker looks at a will only when it fires, which is too late to tell anybody. */
function willFault(will: NonNullable<ConnectPacket['will']>, peer: Peer): string | undefined {
  if (!mayPublish(peer.identity, will.topic)) return `${peer.commonName} may not leave a will on ${JSON.stringify(will.topic.slice(0, 200))}`;
  return will.qos === 2 ? 'a will with QoS 2' : undefined;
}
