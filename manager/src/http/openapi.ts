/** `node manager/src/http/openapi.ts` writes manager/openapi.json, the API as other tools read it. */
import { writeFile } from 'node:fs/promises';
import { Fault, silentLog, systemClock } from '@pier/shared/core';
import { makeApp } from './app.ts';

export const openApiFile = new URL('../../openapi.json', import.meta.url);

/** The OpenAPI 3.1 document, made from the shared routes. */
export async function openApiText(): Promise<string> {
  const refuse = (): never => {
    throw new Fault('internal', 'this is only a description of the API');
  };
  const app = await makeApp({ act: refuse, identify: refuse, once: refuse, listen: refuse, silent: () => undefined, clock: systemClock, publicHosts: [], log: silentLog });
  await app.ready();
  const text = `${JSON.stringify(app.swagger(), null, 2)}\n`;
  await app.close();
  return text;
}

if (import.meta.main) await writeFile(openApiFile, await openApiText());
