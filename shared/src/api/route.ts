import type * as z from 'zod';

export type Permission = 'public' | 'viewer' | 'operator' | 'admin';

/** One route of the HTTP API: the server validates by it, the OpenAPI file and the client are made from it. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` parameters; below `/api/v1`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly status: 200 | 201 | 204;
  readonly response: z.ZodType;
};

export function route<const R extends Route>(definition: R): R {
  return definition;
}

export const apiPrefix = '/api/v1';
