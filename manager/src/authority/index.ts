export { openAuthority } from './open-authority.ts';
export { type Authority, type IssuedCertificate, type TlsIdentity } from './authority.ts';
