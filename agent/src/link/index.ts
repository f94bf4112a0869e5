export { type Claim, enrolOnce, fetchPolicy } from './enroll.ts';
export { type Identity } from './identity.ts';
export { HeldIdentity } from './held-identity.ts';
export { keepLink } from './keep-link.ts';
export { type Received, type Session } from './session.ts';
