import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { titles } from './problem.ts';

export const openApiHead = {
  openapi: '3.1.0',
  info: { title: 'Pier', version: '1', description: 'The fleet manager. Lists come in pages: pass `next` as `cursor`. Errors are problem documents (RFC 9457) with a `code`. A POST with an `Idempotency-Key` that is sent again is answered, not done again.' },
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'An API token, `pier_<id>_<secret>`' },
      session: { type: 'apiKey' as const, in: 'cookie' as const, name: 'pier_session', description: "A browser's session; changes need `Sec-Fetch-Site: same-origin`" },
    },
  },
};

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** The document with its named schemas, without those that nothing refers to: the generator writes each twice, as input and as output. */
export function openApiDocument(input: Parameters<typeof jsonSchemaTransformObject>[0]): Document {
  let document = describeAnswers(jsonSchemaTransformObject(input));
  for (;;) {
    if (!('components' in document) || document.components?.schemas === undefined) return document;
    const text = JSON.stringify(document);
    const schemas = Object.entries(document.components.schemas);
    const used = schemas.filter(([name]) => text.includes(`"#/components/schemas/${name}"`));
    if (used.length === schemas.length) return document;
    document = { ...document, components: { ...document.components, schemas: Object.fromEntries(used) } } as Document;
  }
}

const Schema = z.looseObject({ $ref: z.string().optional(), properties: z.record(z.string(), z.unknown()).optional() });
const Answer = z.looseObject({ description: z.string(), headers: z.unknown().optional(), content: z.record(z.string(), z.looseObject({ schema: Schema })).optional() });
const Operations = z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.record(z.string(), Answer) })));
const Components = z.looseObject({ schemas: z.record(z.string(), Schema) });
const eTag = { ETag: { description: 'The revision in quotes: what If-Match wants', schema: { type: 'string' } } };

/** What the generator does not know of answers: what each status means, that problems have a media type of their own, and who carries an ETag. */
function describeAnswers(document: Document): Document {
  const { schemas } = Components.parse('components' in document ? document.components : { schemas: {} });
  const hasRevision = ({ $ref, properties }: z.infer<typeof Schema>): boolean => 'revision' in (properties ?? schemas[$ref?.split('/').at(-1) ?? '']?.properties ?? {});
  const describe = (status: string, answer: z.infer<typeof Answer>): z.infer<typeof Answer> => {
    const [media] = Object.values(answer.content ?? {});
    const description = status === 'default' ? 'Why not' : (titles[Number(status)] ?? 'Done');
    if (media?.schema.$ref === '#/components/schemas/Problem') return { ...answer, description, content: { 'application/problem+json': media } };
    return { ...answer, description, ...(media !== undefined && hasRevision(media.schema) && { headers: eTag }) };
  };
  const paths = Object.entries(Operations.parse(document.paths ?? {})).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, { ...operation, responses: Object.fromEntries(Object.entries(operation.responses).map(([status, answer]) => [status, describe(status, answer)])) }])),
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}
