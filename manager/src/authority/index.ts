export { type Authority, type IssuedCertificate, type TlsIdentity } from './authority.ts';
