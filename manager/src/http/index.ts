export { type Actor, type Handlers, type RequestOf, type Role, roles } from './handlers.ts';
export { cursorOf, keyAfter, pageOf } from './page.ts';
