/**
 * Every fault that Pier can name. A code is a contract: it appears in API problems, reports, CLI output and docs.
 * `retry` tells a loop whether the same act may succeed later without a change by a person.
 */
export const faultCodes = {
  // input
  'input-invalid': { status: 400, retry: false, exit: 2 },
  'json-invalid': { status: 400, retry: false, exit: 2 },
  'not-found': { status: 404, retry: false, exit: 4 },
  conflict: { status: 409, retry: false, exit: 5 },
  'method-not-allowed': { status: 405, retry: false, exit: 2 },
  /** If-Match named a revision that is not the present one: somebody else was faster. */
  'revision-stale': { status: 412, retry: false, exit: 5 },
  'revision-required': { status: 428, retry: false, exit: 2 },
  'too-large': { status: 413, retry: false, exit: 2 },
  'media-type': { status: 415, retry: false, exit: 2 },
  'too-many-requests': { status: 429, retry: true, exit: 1 },
  // access
  unauthenticated: { status: 401, retry: false, exit: 3 },
  forbidden: { status: 403, retry: false, exit: 3 },
  'token-invalid': { status: 403, retry: false, exit: 3 },
  'token-expired': { status: 403, retry: false, exit: 3 },
  'token-used': { status: 403, retry: false, exit: 3 },
  'certificate-invalid': { status: 403, retry: false, exit: 3 },
  /** It ran out, and the time in which it could still be renewed with it. */
  'certificate-expired': { status: 403, retry: false, exit: 3 },
  /** The device has been seen with the one that came after it. */
  'certificate-superseded': { status: 403, retry: false, exit: 3 },
  // supply chain
  'digest-mismatch': { status: 422, retry: true, exit: 3 },
  'manifest-invalid': { status: 422, retry: false, exit: 3 },
  'artifact-unsupported': { status: 422, retry: false, exit: 3 },
  'wasm-invalid': { status: 422, retry: false, exit: 3 },
  'import-denied': { status: 422, retry: false, exit: 3 },
  unsigned: { status: 422, retry: false, exit: 3 },
  'signature-invalid': { status: 422, retry: false, exit: 3 },
  'untrusted-signer': { status: 422, retry: false, exit: 3 },
  'scope-unmatched': { status: 422, retry: false, exit: 3 },
  'policy-missing': { status: 409, retry: false, exit: 3 },
  'policy-invalid': { status: 422, retry: false, exit: 3 },
  'release-older': { status: 422, retry: false, exit: 3 },
  'release-conflict': { status: 409, retry: false, exit: 5 },
  'release-unverified': { status: 409, retry: false, exit: 3 },
  'release-withdrawn': { status: 409, retry: false, exit: 3 },
  // directives
  'desired-unsigned': { status: 422, retry: false, exit: 3 },
  'desired-stale': { status: 422, retry: false, exit: 3 },
  'desired-invalid': { status: 422, retry: false, exit: 3 },
  'command-unsigned': { status: 422, retry: false, exit: 3 },
  'command-stale': { status: 422, retry: false, exit: 3 },
  'command-unknown': { status: 422, retry: false, exit: 2 },
  'device-pending': { status: 409, retry: true, exit: 3 },
  'device-revoked': { status: 403, retry: false, exit: 3 },
  'selection-empty': { status: 422, retry: false, exit: 2 },
  'verb-unfit': { status: 409, retry: false, exit: 5 },
  /** A rollout, or one of its devices, that ended without proof. */
  'not-proven': { status: 409, retry: false, exit: 1 },
  'app-unknown': { status: 404, retry: false, exit: 4 },
  interrupted: { status: 409, retry: true, exit: 1 },
  // capability
  'capability.unbound': { status: 409, retry: false, exit: 3 },
  'capability.mode': { status: 409, retry: false, exit: 3 },
  'capability.reserved': { status: 409, retry: false, exit: 3 },
  // hardware
  'line-unknown': { status: 422, retry: false, exit: 1 },
  'line-busy': { status: 409, retry: true, exit: 1 },
  'line-reserved': { status: 409, retry: false, exit: 3 },
  'port-unknown': { status: 422, retry: true, exit: 1 },
  'port-busy': { status: 409, retry: true, exit: 1 },
  'port-reserved': { status: 409, retry: false, exit: 3 },
  'port-gone': { status: 503, retry: true, exit: 1 },
  'hardware-fault': { status: 502, retry: true, exit: 1 },
  'board-gone': { status: 503, retry: true, exit: 6 },
  'board-none': { status: 503, retry: true, exit: 1 },
  // guest
  'guest-trapped': { status: 500, retry: true, exit: 134 },
  'guest-exited': { status: 500, retry: true, exit: 1 },
  'guest-limit': { status: 500, retry: true, exit: 137 },
  'guest-unhealthy': { status: 500, retry: true, exit: 1 },
  // link and storage
  unreachable: { status: 503, retry: true, exit: 6 },
  'timed-out': { status: 504, retry: true, exit: 124 },
  'registry-error': { status: 502, retry: true, exit: 6 },
  'storage-failed': { status: 507, retry: true, exit: 1 },
  'disk-full': { status: 507, retry: true, exit: 1 },
  /** Free space is below the reserve: nothing large is taken, so that what runs goes on. */
  'disk-low': { status: 507, retry: true, exit: 1 },
  'backup-invalid': { status: 422, retry: false, exit: 1 },
  /** A part that the manager needs does not answer; the sentence names it. */
  'not-ready': { status: 503, retry: true, exit: 6 },
  'key-unusable': { status: 500, retry: false, exit: 1 },
  'schema-newer': { status: 500, retry: false, exit: 1 },
  'platform-unsupported': { status: 500, retry: false, exit: 1 },
  internal: { status: 500, retry: false, exit: 1 },
} as const satisfies Record<string, { status: number; retry: boolean; exit: number }>;

export type FaultCode = keyof typeof faultCodes;

/** A failure that somebody outside must read: a code of the table, and a sentence that says what was expected and what was seen. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, message: string, detail: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Fault';
    this.code = code;
    this.detail = detail;
  }

  get retry(): boolean {
    return faultCodes[this.code].retry;
  }

  get status(): number {
    return faultCodes[this.code].status;
  }

  /** Exit status of a command that ends with this fault. */
  get exit(): number {
    return faultCodes[this.code].exit;
  }
}

export function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultCodes, code);
}

const unreachableErrnos: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ETIMEDOUT', 'EPIPE']);

/** Any thrown thing as a Fault: Faults pass, disk errors get their code, the rest is `internal` with its cause kept. */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (!(thrown instanceof Error)) return new Fault('internal', String(thrown));
  const errno = 'code' in thrown ? String(thrown.code) : '';
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new Fault('disk-full', thrown.message, {}, thrown);
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') return new Fault('storage-failed', `not allowed here: ${thrown.message}`, {}, thrown);
  if (unreachableErrnos.has(errno)) return new Fault('unreachable', thrown.message, {}, thrown);
  if (thrown.name === 'AbortError' || thrown.name === 'TimeoutError') return new Fault('timed-out', thrown.message, {}, thrown);
  return new Fault('internal', thrown.message, {}, thrown);
}

/** Why something was not accepted, as a value: a decision, not a failure. */
export type Refusal = { readonly code: FaultCode; readonly reason: string };
export type Verdict<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function accept<T>(value: T): Verdict<T> {
  return { ok: true, value };
}

export function refuse(code: FaultCode, reason: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, reason } };
}

/** Asserts our own mistakes, never input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Fault('internal', `invariant broken: ${message}`);
}
