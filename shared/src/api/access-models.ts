import * as z from 'zod';
import { DeviceId } from '../core/index.ts';
import { AnyJson, Role, Tags, Time } from './common.ts';

export const UserName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);
export const User = z.object({ name: UserName, role: Role, createdAt: Time }).meta({ id: 'User' });
export type User = z.infer<typeof User>;
export const Password = z.string().min(12).max(256);
export const NewUser = z.strictObject({ name: UserName, role: Role, password: Password });
export const UserChange = z.strictObject({ role: Role.optional(), password: Password.optional() });

export const ApiToken = z.object({ id: z.string(), name: z.string(), user: UserName, role: Role, createdAt: Time, expiresAt: Time.nullable(), lastUsedAt: Time.nullable() }).meta({ id: 'ApiToken' });
export type ApiToken = z.infer<typeof ApiToken>;
export const NewApiToken = z.strictObject({ name: z.string().min(1).max(64), role: Role, expiresInS: z.int().min(60).max(365 * 86_400).optional() });
export const CreatedApiToken = ApiToken.extend({ token: z.string() }).meta({ id: 'CreatedApiToken', description: 'The token is shown once' });

export const AuditRecord = z.object({ id: z.string(), at: Time, actor: z.string(), action: z.string(), object: z.string(), detail: z.record(z.string(), AnyJson) }).meta({ id: 'AuditRecord' });
export type AuditRecord = z.infer<typeof AuditRecord>;

export const ClaimToken = z.object({ id: z.string(), token: z.string(), expiresAt: Time, uses: z.int() }).meta({ id: 'ClaimToken' });
/** A claim token as it is listed: its secret is shown only once, when it is made. */
export const ListedClaimToken = z
  .object({ id: z.string(), uses: z.int(), usesMax: z.int(), tags: z.record(z.string(), z.string()), approval: z.boolean(), expiresAt: Time, createdBy: z.string(), createdAt: Time })
  .meta({ id: 'ListedClaimToken' });
export type ListedClaimToken = z.infer<typeof ListedClaimToken>;
export const NewClaimToken = z.strictObject({
  uses: z.int().min(1).max(10_000).default(1),
  expiresInS: z.int().min(1).max(365 * 86_400).default(86_400),
  tags: Tags.default({}),
  /** Whether each device that comes with it waits until a person approves it. */
  approval: z.boolean().default(false),
});

/** A device that waits to be let in; `fingerprint` is the id of the key that it made. */
export const PendingDevice = z.object({ device: DeviceId, name: z.string(), model: z.string(), fingerprint: z.string(), token: z.string(), askedAt: Time }).meta({ id: 'PendingDevice' });
export type PendingDevice = z.infer<typeof PendingDevice>;

/**
 * One event of the stream `/events`: something changed; ask for it again. `resync` means that too much has changed since
 * the id that was given, or that it is unknown: ask for everything again.
 */
export const ChangeEvent = z.object({ kind: z.enum(['device', 'rollout', 'release', 'policy', 'access', 'resync']), ids: z.array(z.string()).max(500) }).meta({ id: 'ChangeEvent' });
export type ChangeEvent = z.infer<typeof ChangeEvent>;

/** Whether nobody has an account yet: then the code that the manager said in its log makes the first one. */
export const Setup = z.object({ needed: z.boolean() }).meta({ id: 'Setup' });
export const NewSetup = z.strictObject({ code: z.string().min(1).max(64), user: UserName, password: Password });
export const SignIn = z.strictObject({ user: z.string().min(1).max(64), password: z.string().min(1).max(1_024) });
export const Me = z.object({ user: z.string(), role: Role }).meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

/** The manager itself. */
export const About = z
  .object({ version: z.string(), node: z.string(), database: z.object({ version: z.string(), embedded: z.boolean() }), replica: z.string(), startedAt: Time, /** Whether simulated boards can be driven from here. */ simulator: z.boolean(), /** Number of the trust policy in force; null where none was set yet. */ policy: z.int().nullable() })
  .meta({ id: 'About' });
export type About = z.infer<typeof About>;

/** A view of the list of devices that somebody keeps: the part of the page's address after "?". */
export const SavedView = z.object({ name: z.string(), query: z.string(), createdAt: Time }).meta({ id: 'SavedView' });
export type SavedView = z.infer<typeof SavedView>;
export const ViewName = z.string().min(1).max(64).regex(/^[^/?#%\u0000-\u001f]+$/, 'a name without "/", "?", "#", "%" and control characters');
