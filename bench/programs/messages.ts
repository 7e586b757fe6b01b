const body =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hello"}}}';

/** A call of a tool, as clients of MCP send it. */
export function postMessage(host: string, path: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
      'Accept: application/json, text/event-stream\r\nMcp-Session-Id: 0123456789abcdef\r\n' +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Whether all of an answer is there. */
export function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  return length === undefined ? received.endsWith('0\r\n\r\n') : received.length >= end + 4 + Number(length);
}
