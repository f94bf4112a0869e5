export { BrokerWorld, closed, connectBytes, received } from './broker-world.ts';
export { type TemporaryFolder, deviceIdentity, newAuthority, operatorIdentity, temporaryFolder, until } from './identities.ts';
export { type Reply, RegistryWorld } from './registry-world.ts';
export { fillAt, schemaTags } from './filled.ts';
