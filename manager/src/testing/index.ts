export { type TemporaryFolder, deviceIdentity, newAuthority, newRequest, operatorIdentity, temporaryFolder, until } from './identities.ts';
