import { constants } from 'node:crypto';

/**
 * Options of every TLS server that asks who comes. The attack this stops: a device that shows its own certificate, and in a second
 * handshake on the same connection (TLS 1.2, RFC 5246 section 7.4.1.1) one that it made itself, with the name of another device:
 * Node has found the first to hold, and gives the second as the peer's.
 */
export const oneHandshake = { secureOptions: constants.SSL_OP_NO_RENEGOTIATION } as const;
