import * as z from 'zod';
import { AppName, DeviceId } from '../core/index.ts';

export const Time = z.string().meta({ description: 'ISO 8601, UTC' });

/** Not `z.json()`: that refers to itself, which ends in a reference that leads nowhere in the OpenAPI document. */
export const AnyJson = z.unknown().meta({ description: 'Any JSON' });

/** RFC 9457; `code` is from the table of faults. */
export const Problem = z.object({ type: z.string(), title: z.string(), status: z.int(), code: z.string(), detail: z.string() }).meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
export const yesNo = z.enum(['true', 'false']).transform((word) => word === 'true');
export const PageQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50), cursor: z.string().max(256).optional() });

/** A selector over tags and a few fields of devices, such as `site=harbour and not exists(spare)` (docs/selectors.md). */
export const SelectorText = z.string().min(1).max(2_000).meta({ description: 'A selector, such as: site=harbour and model in (raspberry-pi-4b, raspberry-pi-5)' });

export const TagKey = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);
export const Tags = z
  .record(TagKey, z.string().max(128))
  .refine((tags) => Object.keys(tags).length <= 64, 'at most 64 tags');
export type Tags = z.infer<typeof Tags>;

export const Role = z.enum(['viewer', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

export const deviceParams = { params: z.strictObject({ device: DeviceId }) };
export const deviceAppParams = { params: z.strictObject({ device: DeviceId, app: AppName }) };
export const byId = { params: z.strictObject({ id: z.string().min(1).max(64) }) };
/** Why a person did it; goes to the audit. */
export const Remark = z.string().max(500).optional();
export const Empty = z.null();
