export { type Actor, type Handlers, type RequestOf } from './handlers.ts';
export { type Role, mayUse, roles } from './permission.ts';
export { sessionCookie } from './cookie.ts';
export { keyAfter, pageOf } from './page.ts';
export { type Pages, openHttp } from './server.ts';
