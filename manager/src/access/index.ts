export { type AccessControl, type Credentials, type Evidence, openAccess } from './access.ts';
