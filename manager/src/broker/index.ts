export { openBroker } from './open-broker.ts';
export { type Broker, type BrokerMessage, type BrokerOptions } from './broker.ts';
export { type BrokerLimits } from './limits.ts';
export { type Conflict } from './holders.ts';
