import { z } from 'zod/mini';
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
    if (needsVariable(property) && schema.properties !== undefined) {
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

/** Whether none of a value's alternatives is a text that may be a variable, though one of them is a single value. */
function needsVariable(schema: JsonSchema): boolean {
  const options = alternatives(schema);
  const isSingle = options.some(
    ({ type, const: fixed }) => fixed === undefined && isOneOf(type, SINGLE_TYPES),
  );
  const takesVariable = options.some(({ type, enum: words, pattern }) => {
    return (
      isOneOf(type, ['string']) && words === undefined && new RegExp(pattern ?? '').test('os.environ/NAME')
    );
  });
  return isSingle && !takesVariable;
}

const SINGLE_TYPES = ['integer', 'boolean', 'string'];

function isOneOf(type: JsonSchema['type'], types: readonly string[]): boolean {
  return [type].flat().some((one) => one !== undefined && types.includes(one));
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return schema.anyOf?.flatMap(alternatives) ?? [schema];
}
