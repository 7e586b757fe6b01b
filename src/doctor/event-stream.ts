import type { Readable } from 'node:stream';

/** An event of a stream (WHATWG HTML section 9.2), as far as MCP uses it. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** What is read of one answer: a list of tools is long, a stream that never ends is no answer. */
const maxCharacters = 4_194_304;

/** The events of a body as they come; what is cut short or too long ends it. */
export async function* readEvents(body: Readable): AsyncGenerator<StreamEvent> {
  let read = 0;
  let text = '';
  for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
    read += chunk.length;
    if (read > maxCharacters) return;
    text += chunk;
    const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
    text = blocks.pop() ?? '';
    for (const block of blocks) yield parseBlock(block);
  }
}

/** The whole of a body, or as much as an answer can be. */
export async function readText(body: Readable): Promise<string> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > maxCharacters) break;
  }
  return text;
}

function parseBlock(block: string): StreamEvent {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
  return { event, data: data.join('\n') };
}
