export { type AccessControl, type Credentials, openAccess } from './access.ts';
export { aboutHandlers } from './about.ts';
