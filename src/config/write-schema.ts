import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { jsonSchemaText } from './json-schema.ts';

// Run with `npm run schema` after a change of schema.ts; a test fails on a file that is out of date.
const path = fileURLToPath(new URL('../../mcp-tls-sidecar.schema.json', import.meta.url));
writeFileSync(path, await format(jsonSchemaText(), { ...(await resolveConfig(path)), filepath: path }));
