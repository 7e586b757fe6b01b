import { z } from 'zod';
import { fileSchema } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The text of `mcp-tls-sidecar.schema.json`, for editors. */
export function jsonSchemaText(): string {
  // draft-07 is what yaml-language-server, and with it most editors, implements in full.
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-07' });
  allowVariables(schema);
  const title = 'Configuration of mcp-tls-sidecar';
  return `${JSON.stringify({ $schema, title, ...schema }, undefined, 2)}\n`;
}

/** `os.environ/NAME` may stand for any value of ours; the zod schema sees values after it was replaced. */
function allowVariables(schema: JsonSchema): void {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === 'boolean') continue;
    allowVariables(property);
    if (refusesText(property) && schema.properties !== undefined) {
      const { description, ...rest } = property;
      const variable = { type: 'string' as const, pattern: '^os\\.environ/.' };
      schema.properties[key] = {
        ...(description === undefined ? {} : { description }),
        anyOf: [rest, variable],
      };
    }
  }
  for (const option of [schema.additionalProperties, ...(schema.anyOf ?? [])]) {
    if (typeof option === 'object') allowVariables(option);
  }
}

function refusesText({ type, enum: words, anyOf, pattern }: JsonSchema): boolean {
  const types = [type].flat();
  if (types.includes('integer') || types.includes('boolean') || words !== undefined || pattern !== undefined)
    return true;
  return (
    anyOf?.length === 2 && anyOf.some((option) => option.enum !== undefined || option.pattern !== undefined)
  );
}
