import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** What a request gets. A body is bytes, or a slice of a file. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | FileSlice;
};
export type FileSlice = { readonly file: string; readonly start: number; readonly length: number };

/** Codes of the distribution-spec ("Error Codes"), each with its usual status. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
} as const;
export type ErrorCode = keyof typeof statuses | 'UNKNOWN';

/** An error as the specification has it; `status` replaces the code's usual one. */
export function failed(code: ErrorCode, message: string, { status, headers = {} }: { status?: number; headers?: Record<string, string> } = {}): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message, detail: {} }] }));
  return { status: status ?? (code === 'UNKNOWN' ? 500 : statuses[code]), headers: { 'content-type': 'application/json', ...headers }, body };
}

export function json(value: unknown, { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

/** Sends an answer; HEAD gets the headers alone. */
export async function send(response: ServerResponse, answer: Answer, { head }: { head: boolean }): Promise<void> {
  const { status, headers = {}, body } = answer;
  const length = body === undefined ? 0 : body instanceof Uint8Array ? body.byteLength : body.length;
  response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', ...headers, ...(status === 204 ? {} : { 'content-length': String(length) }) });
  if (head || body === undefined || length === 0) {
    response.end();
    return;
  }
  if (body instanceof Uint8Array) {
    response.end(body);
    return;
  }
  await pipeline(createReadStream(body.file, { start: body.start, end: body.start + body.length - 1 }), response);
}
