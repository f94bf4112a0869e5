export { listen } from './listen.ts';
export { oneHandshake } from './one-handshake.ts';
export { type Rates, newRates } from './rate.ts';
export { readBody } from './read-body.ts';
export { peerCertificateOf } from './peer-certificate.ts';
