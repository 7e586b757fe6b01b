import { writeFileSync } from 'node:fs';
import { jsonSchemaText } from './json-schema.ts';

// Run with `npm run schema` after a change of schema.ts; a test fails on a file that is out of date.
writeFileSync(new URL('../../mcp-tls-sidecar.schema.json', import.meta.url), jsonSchemaText());
