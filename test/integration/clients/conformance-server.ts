import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  EmptyResultSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
  type CallToolResult,
  type ContentBlock,
  type ElicitRequestFormParams,
  type PromptMessage,
  type ReadResourceResult,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';

/**
 * Has what the scenarios of the conformance suite ask for (`conformance list --server`; each states what the server
 * must implement), so that they pass on it: server-everything has tools of its own, on which most of them end early.
 */
export function createConformanceServer() {
  const capabilities = {
    tools: {},
    prompts: {},
    resources: { subscribe: true },
    logging: {},
    completions: {},
  };
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- McpServer would write the input schemas anew
  const server = new Server({ name: 'conformance server', version: '0' }, { capabilities });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.keys(tools).map((name) => ({
      name,
      description: `what the scenario of ${name} needs`,
      inputSchema: name === 'json_schema_2020_12_tool' ? schema2020 : { type: 'object' as const },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const run = tools[params.name];
    if (run === undefined) return failed(`no tool is called ${params.name}`);
    return run(extra, params.arguments ?? {});
  });
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: ['test 1', 'test 2'] } }));
  addResources(server);
  addPrompts(server);
  return server;
}

type ConformanceServer = ReturnType<typeof createConformanceServer>;
type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Tool = (extra: Extra, args: Record<string, unknown>) => CallToolResult | Promise<CallToolResult>;

// One red pixel, and a wave of no samples.
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const image = { type: 'image', data: png, mimeType: 'image/png' } as const;
const text = (words: string) => ({ type: 'text', text: words }) as const;
const resource = (uri: string, mimeType: string, words: string) =>
  ({ type: 'resource', resource: { uri, mimeType, text: words } }) as const;
const result = (...content: ContentBlock[]): CallToolResult => ({ content });
const failed = (words: string): CallToolResult => ({ isError: true, content: [text(words)] });

const schema2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object' as const,
  $defs: {
    address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
  },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  additionalProperties: false,
};

const tools: Readonly<Record<string, Tool>> = {
  test_simple_text: () => result(text('This is a simple text response for testing.')),
  test_image_content: () => result(image),
  test_audio_content: () => result({ type: 'audio', data: wav, mimeType: 'audio/wav' }),
  test_embedded_resource: () =>
    result(resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')),
  test_multiple_content_types: () =>
    result(
      text('Multiple content types test:'),
      image,
      resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ),
  test_error_handling: () => failed('This tool intentionally returns an error for testing'),
  test_tool_with_logging: async ({ sendNotification }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
      await delay(50);
    }
    return result(text('logged'));
  },
  test_tool_with_progress: async ({ sendNotification, _meta }) => {
    for (const progress of [0, 50, 100]) {
      const params = { progressToken: _meta?.progressToken ?? 0, progress, total: 100 };
      await sendNotification({ method: 'notifications/progress', params });
      await delay(50);
    }
    return result(text('progressed'));
  },
  test_sampling: async ({ sendRequest }, { prompt }) => {
    const messages = [{ role: 'user' as const, content: text(String(prompt)) }];
    const params = { messages, maxTokens: 100 };
    const { content } = await sendRequest(
      { method: 'sampling/createMessage', params },
      CreateMessageResultSchema,
    );
    return result(text(`LLM response: ${content.type === 'text' ? content.text : ''}`));
  },
  test_elicitation: (extra, { message }) =>
    elicit(extra, String(message), {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    }),
  test_elicitation_sep1034_defaults: (extra) =>
    elicit(extra, 'defaults', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  test_elicitation_sep1330_enums: (extra) => elicit(extra, 'enums', enums),
  test_reconnection: async ({ closeSSEStream }) => {
    closeSSEStream?.();
    await delay(100);
    return result(text('reconnected'));
  },
  json_schema_2020_12_tool: () => result(text('valid')),
};

type Properties = ElicitRequestFormParams['requestedSchema']['properties'];

const titled = (...titles: string[]) => titles.map((title, index) => ({ const: `value${index + 1}`, title }));
const enums: Properties = {
  untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  titledSingle: { type: 'string', oneOf: titled('First Option', 'Second Option') },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2'] } },
  titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice') } },
};

async function elicit({ sendRequest }: Extra, message: string, properties: Properties) {
  const requestedSchema = { type: 'object' as const, properties };
  const params = { mode: 'form' as const, message, requestedSchema };
  const { action, content } = await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
  return result(text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`));
}

function addResources(server: ConformanceServer): void {
  const listed = ['static-text', 'static-binary', 'watched-resource'];
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: listed.map((name) => ({ uri: `test://${name}`, name, description: `the resource ${name}` })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template' }],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readResource(params.uri));
  server.setRequestHandler(SubscribeRequestSchema, () => EmptyResultSchema.parse({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => EmptyResultSchema.parse({}));
}

function readResource(uri: string): ReadResourceResult {
  if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: png }] };
  const id = /^test:\/\/template\/([^/]*)\/data$/.exec(uri)?.[1];
  if (id === undefined)
    return {
      contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
    };
  const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
  return { contents: [{ uri, mimeType: 'application/json', text: data }] };
}

type Prompt = (args: Record<string, string>) => PromptMessage['content'][];

const prompts: Readonly<Record<string, { readonly args: readonly string[]; readonly get: Prompt }>> = {
  test_simple_prompt: { args: [], get: () => [text('This is a simple prompt for testing.')] },
  test_prompt_with_arguments: {
    args: ['arg1', 'arg2'],
    get: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  test_prompt_with_embedded_resource: {
    args: ['resourceUri'],
    get: ({ resourceUri = '' }) => [
      resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
      text('Please process the embedded resource above.'),
    ],
  },
  test_prompt_with_image: { args: [], get: () => [image, text('Please analyze the image above.')] },
};

function addPrompts(server: ConformanceServer): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, { args }]) => ({
      name,
      description: `the prompt ${name}`,
      arguments: args.map((arg) => ({ name: arg, description: `the argument ${arg}`, required: true })),
    })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => ({
    messages: (prompts[params.name]?.get(params.arguments ?? {}) ?? []).map((content) => ({
      role: 'user' as const,
      content,
    })),
  }));
}
