export { type Claim, enrolOnce, fetchPolicy } from './enroll.ts';
export { type Identity } from './identity.ts';
export { keepSession } from './keep-session.ts';
export { brokerSessions } from './find-broker.ts';
export { type Received, type Session } from './session.ts';
