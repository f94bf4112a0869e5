import type * as z from 'zod';
import { Fault, type FaultCode, toFault } from './faults.ts';
import { type Json, parseJson } from './json.ts';

/** Checks a value against a schema. Faults: `code` (default `input-invalid`) listing every bad field by its path. */
export function check<S extends z.ZodType>(schema: S, value: unknown, { what, code = 'input-invalid' }: { what: string; code?: FaultCode }): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault(code, `${what}: ${issuesOf(result.error)}`);
}

/** Every issue of a zod error as `path: message`, at most eight. */
export function issuesOf(error: z.ZodError): string {
  const lines = error.issues.slice(0, 8).map((issue) => `${issue.path.length ? issue.path.map(String).join('.') : '(root)'}: ${issue.message}`);
  return lines.join('; ').slice(0, 2000);
}

export type Reading = { readonly what: string; readonly code: FaultCode; readonly sizeBytesMax: number };

/** Bytes as strict JSON of a schema. Faults: `code`, whatever was wrong: size, encoding, JSON or shape. */
export function checkJson<S extends z.ZodType>(schema: S, bytes: Uint8Array, reading: Reading): z.infer<S> {
  return check(schema, readJson(bytes, reading), reading);
}

/** Bytes as strict JSON. Faults: `code`, whatever was wrong with them. */
export function readJson(bytes: Uint8Array, { what, code, sizeBytesMax }: Reading): Json {
  try {
    return parseJson(bytes, { what, sizeBytesMax });
  } catch (thrown) {
    throw new Fault(code, toFault(thrown).message, {}, thrown);
  }
}
