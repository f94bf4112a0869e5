import type * as z from 'zod';

export type Permission = 'public' | 'viewer' | 'operator' | 'admin';

/** One route of the HTTP API: the server validates by it, the OpenAPI file and the client are made from it. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` parameters; below `/api/v1`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The header If-Match must name the revision that the change was decided on; answers that carry `revision` have it as ETag. */
  readonly ifMatch?: true;
  /** Answers `text/event-stream` (WHATWG HTML, server-sent events): each event's data is one `response`, its id goes into Last-Event-ID. */
  readonly stream?: true;
  /** Fields of body or answer that are shown or sent once and lie nowhere in clear; an answer that had one is not given twice. */
  readonly secrets?: readonly string[];
  readonly status: 200 | 201 | 204;
  readonly response: z.ZodType;
};

export function route<const R extends Route>(definition: R): R {
  return definition;
}

export const apiPrefix = '/api/v1';
