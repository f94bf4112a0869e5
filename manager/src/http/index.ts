export { type Actor, type Handlers, type RequestOf } from './handlers.ts';
export { type Role, mayUse, roles } from './permission.ts';
export { sessionCookie } from './cookie.ts';
export { cursorOf, keyAfter, pageOf } from './page.ts';
export { type HttpServer, type Pages, openHttp } from './server.ts';
