export { type Actor, type Handlers, type Listener, type RequestOf, type Streams, type Visit } from './handlers.ts';
export { type Asked, type Once } from './once.ts';
export { type Role, mayUse, roles } from './permission.ts';
export { sessionCookie } from './cookie.ts';
export { policyWithNonce } from './guard.ts';
export { keyAfter, pageOf } from './page.ts';
export { type Pages, openHttp } from './server.ts';
