/** As many lengths as messages come in: no two of a client are alike for long. */
const lengths = Array.from({ length: 32 }, (_, index) => index + 1);

const bodyOf = (length: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"${'x'.repeat(length)}"}}}`;

/** Calls of a tool, as clients of MCP send them, each of another length. */
export function postMessages(host: string, path: string): Buffer[] {
  return lengths.map((length) => {
    const body = bodyOf(length);
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        'Accept: application/json, text/event-stream\r\nMcp-Session-Id: 0123456789abcdef\r\n' +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

/** What is answered to each, by the bytes of its body. */
export const answers: ReadonlyMap<number, string> = new Map(
  lengths.map((length) => [
    bodyOf(length).length,
    `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${'x'.repeat(84 + length)}"}]}}`,
  ]),
);

/** Whether all of an answer is there. */
export function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  return length === undefined ? received.endsWith('0\r\n\r\n') : received.length >= end + 4 + Number(length);
}
