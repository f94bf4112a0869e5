/** What every answer carries and every request must pass, whoever asks. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '@pier/shared/core';

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The policy of a page whose scripts make styles: those that carry this nonce, which no two answers share, are taken too. */
export function policyWithNonce(nonce: string): string {
  return policy.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`);
}

/** No script but our own files, nothing from elsewhere, no frame around us. */
export const safeHeaders = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'] as const;

/**
 * Security headers on all answers, and only names of ours in `Host`: a foreign name that was made to point at 127.0.0.1
 * (DNS rebinding) would otherwise be a page with our origin's rights.
 */
export function guard(app: FastifyInstance, publicHosts: readonly string[]): void {
  const allowed = new Set([...loopbackHosts, ...publicHosts].map((host) => host.toLowerCase()));
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(safeHeaders);
    const host = hostOf(request);
    if (!allowed.has(host)) throw new Fault('forbidden', `this manager does not answer to the name "${host.slice(0, 128)}"; start it with --public-host to add one`);
  });
}

function hostOf(request: FastifyRequest): string {
  return (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
}

/** Answers 404, or 405 with `Allow` where the path is known under other methods. */
export function answerUnknown(app: FastifyInstance): void {
  const known: { readonly path: RegExp; readonly methods: Set<string> }[] = [];
  const byUrl = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    let methods = byUrl.get(url);
    if (methods === undefined) {
      methods = new Set();
      byUrl.set(url, methods);
      known.push({ path: new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[a-z]+/gi, '[^/]+')}$`), methods });
    }
    for (const one of [method].flat()) methods.add(one);
  });
  // Before any body is looked at: its form does not matter where nobody takes it.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = known.filter((one) => one.path.test(path)).flatMap((one) => [...one.methods]);
    if (methods.length === 0) throw new Fault('not-found', `there is nothing at ${path.slice(0, 256)}`);
    void reply.header('allow', [...new Set(methods)].sort().join(', '));
    throw new Fault('method-not-allowed', `${path.slice(0, 256)} does not take ${request.method}`);
  });
}
