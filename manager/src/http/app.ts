import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { type Problem, apiPrefix } from '@pier/shared/api';
import { type Log, parseJson } from '@pier/shared/core';
import { type Binding, bindRoutes } from './bind.ts';
import { answerUnknown, guard, safeHeaders } from './guard.ts';
import { openApiHead, openApiDocument } from './openapi-document.ts';
import { faultOf, problemOf, writeRawProblem } from './problem.ts';

const bodyBytesMax = 1 << 20;
export const openApiPath = `${apiPrefix}/openapi.json`;

/** A problem as a page, for a person's browser. */
export type ProblemPage = (problem: Problem) => string;

type AppOptions = Binding & { readonly publicHosts: readonly string[]; readonly log: Log; readonly problemPage?: ProblemPage };

/** Everything of the HTTP API but the socket: the shared routes bound to `act`, errors as problems, and its OpenAPI document. */
export async function makeApp({ publicHosts, log, problemPage, ...binding }: AppOptions): Promise<FastifyInstance> {
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => answerError({ error, request, reply, log, problemPage });
  const app = fastify({ clientErrorHandler: writeRawProblem, frameworkErrors: (error, request, reply) => void fail(error, request, reply), bodyLimit: bodyBytesMax, forceCloseConnections: true, requestTimeout: 60_000, routerOptions: { maxParamLength: 256, caseSensitive: true, ignoreTrailingSlash: false } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(typeof body === 'string' ? Buffer.from(body) : body, { what: 'body' }));
    } catch (thrown) {
      done(faultOf(thrown));
    }
  });
  app.setErrorHandler(fail);
  guard(app, publicHosts);
  answerUnknown(app);
  await app.register(swagger, { openapi: openApiHead, transform: jsonSchemaTransform, transformObject: openApiDocument });
  await app.register(async (api) => {
    bindRoutes(api, binding);
    api.get(openApiPath, { schema: { hide: true } }, async (_request, reply) => reply.type('application/json').send(JSON.stringify(app.swagger())));
  });
  return app;
}

type Failed = { readonly error: unknown; readonly request: FastifyRequest; readonly reply: FastifyReply; readonly log: Log; readonly problemPage: ProblemPage | undefined };

function answerError({ error, request, reply, log, problemPage }: Failed): FastifyReply {
  const fault = faultOf(error);
  const problem = problemOf(fault);
  const where = { method: request.method, path: request.url.split('?', 1)[0] ?? '', code: fault.code };
  if (problem.status >= 500) log.error({ ...where, error: fault.message, stack: error instanceof Error ? error.stack : undefined, cause: fault.cause }, 'http.failed');
  else log.debug({ ...where, detail: problem.detail }, 'http.refused');
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply.headers(safeHeaders).code(problem.status);
  if (problemPage && wantsPage(request)) return reply.type('text/html; charset=utf-8').serializer(String).send(problemPage(problem));
  return reply.type('application/problem+json').serializer(JSON.stringify).send(problem);
}

/** Browsers ask for HTML by name when a person goes somewhere; the API answers JSON whoever asks. */
function wantsPage({ url, headers }: FastifyRequest): boolean {
  return !url.startsWith('/api/') && (headers.accept ?? '').includes('text/html');
}
