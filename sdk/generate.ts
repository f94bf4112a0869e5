import { writeFileSync } from 'node:fs';
import { errorsSource } from './errors-source.ts';

writeFileSync(new URL('./assembly/errors.ts', import.meta.url), errorsSource());
