import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

const unknown = 'GET /nobody/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

it.each([
  { what: 'a CONNECT', last: 'CONNECT host.test:443 HTTP/1.1\r\nHost: host.test:443\r\n\r\n', status: 403 },
  {
    what: 'an upgrade',
    last: 'GET http://host.test/ HTTP/1.1\r\nHost: host.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    status: 403,
  },
  { what: 'what is no HTTP', last: 'nonsense\r\n\r\n', status: 400 },
])('$what behind several pipelined requests is answered after all of them', async ({ last, status }) => {
  const { proxy, logs } = await startInProcess({ config: configText({}, { unlisted_hosts: 'deny' }) });
  const port = Number(new URL(`tcp://${proxy}`).port);
  // Their answers are made faster than the first of them can leave.
  for (const before of [2, 3, 10]) {
    const received = await sendRaw({ port, bytes: unknown.repeat(before) + last });
    const statuses = parseResponses(received).map((response) => response.status);
    expect(statuses).toEqual([...Array<number>(before).fill(500), status]);
  }
  expect(logs.filter(({ msg }) => msg === 'bug')).toEqual([]);
});
