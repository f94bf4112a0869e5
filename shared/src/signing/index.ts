export { type PayloadType, Envelope, payloadTypes } from './dsse.ts';
