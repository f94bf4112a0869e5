export { openAuthority } from './open-authority.ts';
export { type Authority, type TlsIdentity } from './authority.ts';
export { keepServerIdentity } from './keep-server-identity.ts';
