export { type Behaviour, behaviours, onTheWire, scripts } from './behaviour.ts';
export { type FleetWords, runFleet } from './run.ts';
export { type Fleet, type FleetOptions, type Mix, behaviourAt, openFleet } from './fleet.ts';
