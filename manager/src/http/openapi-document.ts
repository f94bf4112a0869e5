import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export const openApiHead = {
  openapi: '3.1.0',
  info: { title: 'Pier', version: '1', description: 'The fleet manager. Lists come in pages: pass `next` as `cursor`. Errors are problem documents (RFC 9457) with a `code`.' },
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'An API token, `pier_<id>_<secret>`' },
      session: { type: 'apiKey' as const, in: 'cookie' as const, name: 'pier_session', description: "A browser's session; changes need `Sec-Fetch-Site: same-origin`" },
    },
  },
};

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** The document with its named schemas, without those that nothing refers to: the generator writes each twice, as input and as output. */
export function withUsedSchemas(input: Parameters<typeof jsonSchemaTransformObject>[0]): Document {
  let document = jsonSchemaTransformObject(input);
  for (;;) {
    if (!('components' in document) || document.components?.schemas === undefined) return document;
    const text = JSON.stringify(document);
    const schemas = Object.entries(document.components.schemas);
    const used = schemas.filter(([name]) => text.includes(`"#/components/schemas/${name}"`));
    if (used.length === schemas.length) return document;
    document = { ...document, components: { ...document.components, schemas: Object.fromEntries(used) } } as Document;
  }
}
