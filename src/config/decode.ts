import { Fault } from './fault.ts';
import { indexLines } from './lines.ts';
import type { Position } from './config.ts';

/** The largest file that is read, in bytes. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

// https://github.com/yaml/pyyaml/blob/6.0.2/lib/yaml/reader.py#L133, which refuses the same ones.

const UNPRINTABLE = /[^\t\n\r\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Text of a file, or why it has none. */
export type Decoded =
  | { readonly text: string; readonly fault?: undefined }
  | { readonly text: string; readonly fault: Fault; readonly position: Position | undefined };

/** Turns the bytes of a file into text, without its byte order mark. */
export function decodeFile(bytes: Buffer): Decoded {
  if (bytes.length > MAX_FILE_BYTES) {
    return whole(
      new Fault('the file is larger than 4 MiB', 'name another file: a configuration is not that large'),
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return whole(new Fault('the file is not valid UTF-8', 'save it as UTF-8'));
  }
  const offset = text.search(UNPRINTABLE);
  if (offset === -1) return { text };
  const fault = new Fault(
    'a control character stands in the file',
    'remove it; in a quoted text it may be written as an escape, such as "\\u0007"',
  );
  return { text, fault, position: indexLines(text).positionAt(offset) };
}

function whole(fault: Fault): Decoded {
  return { text: '', fault, position: undefined };
}
