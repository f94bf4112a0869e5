import * as z from 'zod';

/** Topic segment, certificate CN and MQTT client id at once: no dots (some brokers refuse them), no `/ + #`. */
const segment = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const DeviceId = z.string().regex(segment, 'a device id is 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit').brand<'DeviceId'>();
export type DeviceId = z.infer<typeof DeviceId>;

export const AppName = z.string().regex(segment, 'an app name is 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit').brand<'AppName'>();
export type AppName = z.infer<typeof AppName>;

/** An app's own name for a pin or a port. */
export const Label = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a label is 1 to 32 of a-z, 0-9 and "-"').brand<'Label'>();
export type Label = z.infer<typeof Label>;

/** Made by the sender; the device runs each id at most once. */
export const CommandId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'a command id is 1 to 64 of A-Z, a-z, 0-9, "_" and "-"').brand<'CommandId'>();
export type CommandId = z.infer<typeof CommandId>;

/** Lower-case SHA-256 only: the one algorithm that Pier accepts (OCI image-spec, descriptor digests). */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest is "sha256:" and 64 lower-case hex digits').brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** sha256 of the public key's SubjectPublicKeyInfo (DER), hex. */
export const KeyId = z.string().regex(/^[0-9a-f]{64}$/, 'a key id is 64 lower-case hex digits').brand<'KeyId'>();
export type KeyId = z.infer<typeof KeyId>;

/** Follows semver where people write it so; any short printable word otherwise. */
export const Version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/, 'a version is 1 to 64 of A-Z, a-z, 0-9, ".", "+", "_" and "-"').brand<'Version'>();
export type Version = z.infer<typeof Version>;

/** Rises with each release of an app; anti-rollback compares it. Seconds since 1970 unless the developer says otherwise. */
export const Counter = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Orders a device's desired documents; see docs/protocol.md. */
export const Rev = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const Attempt = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
