import { expect, test } from 'vitest';
import { Fault, accept, faultCodes, invariant, isFaultCode, refuse, toFault } from './faults.ts';

const withCode = (code: string): Error => Object.assign(new Error(`failed with ${code}`), { code });

test('a fault carries its code, its sentence, what is known, and what its code means', () => {
  const cause = new Error('disk');
  const fault = new Fault('digest-mismatch', 'expected a, read b', { app: 'blink' }, cause);
  expect(fault).toMatchObject({ name: 'Fault', code: 'digest-mismatch', message: 'expected a, read b', detail: { app: 'blink' }, cause, retry: true, status: 422, exit: 3 });
  expect(new Fault('internal', 'x')).not.toHaveProperty('cause');
});

test('every code has an HTTP status of an error, and an exit status that is not success', () => {
  for (const [code, { status, exit }] of Object.entries(faultCodes)) {
    expect(status, `code ${code}`).toBeGreaterThanOrEqual(400);
    expect(status, `code ${code}`).toBeLessThan(600);
    expect(exit, `code ${code}`).toBeGreaterThan(0);
    expect(exit, `code ${code}`).toBeLessThan(256);
  }
});

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['ECONNREFUSED', 'unreachable'],
  ['ECONNRESET', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['EBADF', 'internal'],
])('an error with errno %s becomes %s, its cause kept', (errno, code) => {
  const thrown = withCode(errno);
  expect(toFault(thrown)).toMatchObject({ code, message: thrown.message, cause: thrown });
});

test.each(['EACCES', 'EPERM', 'EROFS'])('what the system does not allow (%s) is a failure of the storage that says so', (errno) => {
  const thrown = withCode(errno);
  expect(toFault(thrown)).toMatchObject({ code: 'storage-failed', message: expect.stringMatching(/^not allowed here: /), cause: thrown });
});

test('faults pass, aborted and late work timed out, anything else is internal', () => {
  const fault = new Fault('conflict', 'x');
  expect(toFault(fault)).toBe(fault);
  expect(toFault(AbortSignal.abort().reason).code).toBe('timed-out');
  expect(toFault(new DOMException('late', 'TimeoutError')).code).toBe('timed-out');
  expect(toFault('just words')).toMatchObject({ code: 'internal', message: 'just words' });
  expect(toFault(undefined).code).toBe('internal');
});

test('names from outside are codes only when the table has them', () => {
  expect(isFaultCode('unsigned')).toBe(true);
  expect(isFaultCode('toString')).toBe(false);
  expect(isFaultCode('__proto__')).toBe(false);
});

test('a verdict is a value either way', () => {
  expect(accept(7)).toEqual({ ok: true, value: 7 });
  expect(refuse('unsigned', 'no signature')).toEqual({ ok: false, refusal: { code: 'unsigned', reason: 'no signature' } });
});

test('an invariant is about our own mistakes', () => {
  expect(() => invariant(true, 'fine')).not.toThrow();
  expect(() => invariant(0, 'no slot')).toThrow(expect.objectContaining({ code: 'internal', message: 'invariant broken: no slot' }) as Error);
});
