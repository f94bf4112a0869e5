export { Envelope } from './envelope.ts';
export { downFilterOf, everyUpFilter, packetBytesMax, payloadBytesMax, topic, topics, upFilterOf } from './topics.ts';
export { type Identity, commonNameOf, identityOf } from './identity.ts';
export { Order, compareOrder } from './order.ts';
export { Desired, DesiredApp } from './desired.ts';
export { AttemptState, Reason, ReleaseOnDevice, Reported, ReportedApp } from './reported.ts';
export { Presence, PresenceOffline, PresenceOnline, heartbeatS, protocolVersion } from './presence.ts';
export { type Verb, Command, CommandPhase, CommandState, SignedCommand, isFinal, verbNames, verbs } from './command.ts';
export { Ack, AppLease, Event, LogBatch, ManagerBirth, Pins, PinsLease, TelemetryBatch, eventTypes, managerEventTypes, type ManagerEventType } from './event.ts';
