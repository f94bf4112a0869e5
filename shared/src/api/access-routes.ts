import * as z from 'zod';
import { About, AuditRecord, ChangeEvent, ClaimToken, CreatedApiToken, ApiToken, ListedClaimToken, Me, NewApiToken, NewClaimToken, NewSetup, NewUser, Password, PendingDevice, SavedView, Setup, SignIn, User, UserChange, UserName, ViewName } from './access-models.ts';
import { Empty, PageQuery, Time, byId, page } from './common.ts';
import { route } from './route.ts';

const user = { params: z.strictObject({ user: UserName }) };

/** The routes of the manager itself: who may use it, who was let in, what was done, what changes. */
export const accessRoutes = {
  health: route({ method: 'GET', path: '/health', permission: 'public', summary: 'Whether the manager and all that it needs answer; it says so as long as it lives', status: 200, response: z.object({ ok: z.boolean(), database: z.boolean(), broker: z.boolean(), reasons: z.record(z.string(), z.string()).optional().meta({ description: 'What is wrong, by part: database, broker, listener, disk. Absent when all is well' }) }) }),
  ready: route({ method: 'GET', path: '/ready', permission: 'public', summary: 'Whether people and devices can be served now; 503 with the parts that cannot', status: 200, response: z.object({ ready: z.literal(true) }) }),
  whoAmI: route({ method: 'GET', path: '/me', permission: 'viewer', summary: 'Who is asking', status: 200, response: Me }),
  changeMe: route({ method: 'PATCH', path: '/me', permission: 'viewer', summary: "Changes one's own password; one's other sessions end", body: z.strictObject({ was: z.string().min(1).max(1_024), password: Password }), secrets: ['was', 'password'], status: 200, response: Me }),
  getAbout: route({ method: 'GET', path: '/about', permission: 'viewer', summary: 'The manager itself: versions, and since when it runs', status: 200, response: About }),
  getSetup: route({ method: 'GET', path: '/setup', permission: 'public', summary: 'Whether the first account has still to be made', status: 200, response: Setup }),
  setUp: route({ method: 'POST', path: '/setup', permission: 'public', summary: 'Makes the first account, an administrator, with the code from the log, and signs the browser in', body: NewSetup, secrets: ['code', 'password'], status: 201, response: Me }),
  logIn: route({ method: 'POST', path: '/session', permission: 'public', summary: 'Signs a browser in: the answer sets its cookie', body: SignIn, secrets: ['password'], status: 201, response: Me }),
  listViews: route({ method: 'GET', path: '/views', permission: 'viewer', summary: "One's own saved views of the devices, by name", status: 200, response: z.object({ items: z.array(SavedView) }) }),
  putView: route({ method: 'PUT', path: '/views/:name', permission: 'viewer', summary: 'Saves a view under a name; at most 50', params: z.strictObject({ name: ViewName }), body: z.strictObject({ query: z.string().max(4_096) }), status: 200, response: SavedView }),
  removeView: route({ method: 'DELETE', path: '/views/:name', permission: 'viewer', summary: 'Forgets a saved view', params: z.strictObject({ name: ViewName }), status: 204, response: Empty }),
  getAddresses: route({
    method: 'GET',
    path: '/addresses',
    permission: 'viewer',
    summary: 'Where devices, MQTT clients and registry clients reach this manager, and the CA certificate (PEM) to trust there',
    status: 200,
    response: z.object({ device: z.string(), mqtt: z.string(), registry: z.string(), ca: z.string() }),
  }),
  streamChanges: route({ method: 'GET', path: '/events', permission: 'viewer', summary: 'What changes, as it changes; resumes after Last-Event-ID', stream: true, status: 200, response: ChangeEvent }),
  listAudit: route({
    method: 'GET',
    path: '/audit',
    permission: 'viewer',
    summary: 'What was done and by whom, newest first',
    query: PageQuery.extend({ actor: z.string().max(128).optional(), action: z.string().max(64).optional(), object: z.string().max(200).optional(), since: Time.optional() }),
    status: 200,
    response: page(AuditRecord),
  }),
  createToken: route({ method: 'POST', path: '/tokens', permission: 'operator', summary: 'A claim token with which devices enrol; shown once', body: NewClaimToken, secrets: ['token'], status: 201, response: ClaimToken }),
  listTokens: route({ method: 'GET', path: '/tokens', permission: 'operator', summary: 'Claim tokens, newest first', query: PageQuery, status: 200, response: page(ListedClaimToken) }),
  revokeToken: route({ method: 'DELETE', path: '/tokens/:id', permission: 'operator', summary: 'Ends a claim token; devices that came with it stay', ...byId, status: 204, response: Empty }),
  listPending: route({ method: 'GET', path: '/pending-devices', permission: 'operator', summary: 'Devices that wait to be let in, by id', query: PageQuery, status: 200, response: page(PendingDevice) }),
  signOperator: route({
    method: 'POST',
    path: '/operators/certificates',
    permission: 'operator',
    summary: 'A client certificate for MQTT, for the key in the request (PKCS #10, PEM)',
    body: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), csr: z.string().max(8_192) }),
    status: 201,
    response: z.object({ certificate: z.string(), ca: z.string(), mqtt: z.string() }),
  }),
  listUsers: route({ method: 'GET', path: '/users', permission: 'admin', summary: 'Users, by name', query: PageQuery, status: 200, response: page(User) }),
  createUser: route({ method: 'POST', path: '/users', permission: 'admin', summary: 'A new user', body: NewUser, secrets: ['password'], status: 201, response: User }),
  changeUser: route({ method: 'PATCH', path: '/users/:user', permission: 'admin', summary: "Changes a user's role or password; sessions and tokens above the new role end", ...user, body: UserChange, status: 200, response: User }),
  removeUser: route({ method: 'DELETE', path: '/users/:user', permission: 'admin', summary: 'Removes a user with all sessions and tokens; the last administrator stays', ...user, status: 204, response: Empty }),
  listApiTokens: route({ method: 'GET', path: '/api-tokens', permission: 'viewer', summary: "One's own API tokens, newest first; an administrator sees all", query: PageQuery, status: 200, response: page(ApiToken) }),
  createApiToken: route({ method: 'POST', path: '/api-tokens', permission: 'viewer', summary: "An API token of one's own, at most of one's own role; shown once", body: NewApiToken, secrets: ['token'], status: 201, response: CreatedApiToken }),
  revokeApiToken: route({ method: 'DELETE', path: '/api-tokens/:id', permission: 'viewer', summary: "Ends an API token: one's own, or as an administrator anybody's", ...byId, status: 204, response: Empty }),
  logout: route({ method: 'DELETE', path: '/session', permission: 'viewer', summary: 'Ends the session of this browser', status: 204, response: Empty }),
} as const;
