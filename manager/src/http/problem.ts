import type { Socket } from 'node:net';
import type { Problem } from '@pier/shared/api';
import { Fault, type FaultCode, toFault } from '@pier/shared/core';

/** The problem document (RFC 9457) of a fault. What went wrong inside stays in the log. */
export function problemOf(fault: Fault): Problem {
  const shown = fault.status < 500 || fault.code !== 'internal';
  return { type: 'about:blank', title: titles[fault.status] ?? 'Error', status: fault.status, code: fault.code, detail: shown ? fault.message : 'the manager failed to answer; its log says more' };
}

export const titles: Readonly<Record<number, string>> = {
  400: 'Bad request', 401: 'Unauthenticated', 403: 'Forbidden', 404: 'Not found', 405: 'Method not allowed', 409: 'Conflict', 412: 'Precondition failed', 413: 'Too large', 415: 'Unsupported media type',
  422: 'Refused', 428: 'Precondition required', 429: 'Too many requests', 500: 'Internal error', 502: 'Bad gateway', 503: 'Unavailable', 504: 'Timed out', 507: 'Insufficient storage',
};

/** What fastify itself objects to, by its codes (fastify, "Errors"). */
const fromFastify: Readonly<Record<string, FaultCode>> = {
  FST_ERR_VALIDATION: 'input-invalid',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json-invalid',
  FST_ERR_CTP_INVALID_JSON_BODY: 'json-invalid',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'input-invalid',
  FST_ERR_BAD_URL: 'input-invalid',
  FST_ERR_MAX_PARAM_LENGTH: 'input-invalid',
};

/** What PostgreSQL objects to, by SQLSTATE: text that it cannot hold is the sender's mistake, its absence nobody's. */
const fromPostgres: Readonly<Record<string, { code: FaultCode; message: string }>> = {
  '22021': { code: 'input-invalid', message: 'a text holds a character that cannot be stored (U+0000)' },
  '22P05': { code: 'input-invalid', message: 'a text holds a character that cannot be stored (U+0000)' },
  '57014': { code: 'timed-out', message: 'the database took too long' },
  '53100': { code: 'disk-full', message: 'the disk of the database is full' },
  '53300': { code: 'unreachable', message: 'the database takes no more connections' },
  '57P01': { code: 'unreachable', message: 'the database is being started again' },
  '57P02': { code: 'unreachable', message: 'the database is being started again' },
  '57P03': { code: 'unreachable', message: 'the database is being started again' },
};

/** What the driver says without a code when the server is gone or hangs. */
const gone = /^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

/** Any thrown thing as a fault that may be shown. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Fault || !(thrown instanceof Error)) return toFault(thrown);
  const code = fromFastify[codeOf(thrown)];
  if (code !== undefined) return new Fault(code, thrown.message, {}, thrown);
  for (let cause: unknown = thrown; cause instanceof Error; cause = cause.cause) {
    const known = fromPostgres[codeOf(cause)];
    if (known !== undefined) return new Fault(known.code, known.message, {}, thrown);
    if (gone.test(cause.message) || toFault(cause).code === 'unreachable') return new Fault('unreachable', 'the database does not answer', {}, thrown);
    if (cause.cause instanceof Fault) return cause.cause;
  }
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? new Fault('input-invalid', thrown.message, {}, thrown) : toFault(thrown);
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** Answers what is no HTTP at all, by hand: no request was made of it. */
export function writeRawProblem(error: Error, socket: Socket): void {
  if (!socket.writable || codeOf(error) === 'ECONNRESET') return void socket.destroy();
  const fault = codeOf(error) === 'HPE_HEADER_OVERFLOW' ? new Fault('too-large', 'the header of this request is too large') : new Fault('input-invalid', 'this is no HTTP request');
  const body = JSON.stringify(problemOf(fault));
  socket.end(`HTTP/1.1 ${fault.status} ${titles[fault.status]}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}
