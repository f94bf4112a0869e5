export { type AccessControl, type Credentials, openAccess } from './access.ts';
