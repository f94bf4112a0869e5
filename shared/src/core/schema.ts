import type * as z from 'zod';
import { Fault, type FaultCode } from './faults.ts';

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
