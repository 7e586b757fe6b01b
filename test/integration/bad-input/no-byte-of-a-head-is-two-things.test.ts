import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startSidecarBefore } from '../relay/relay-setup.ts';
import { answerOf, startScripted } from '../relay/scripted-upstream.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';

const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** A head with a byte in one place, and what it has to be upstream if it goes there. */
const places: Readonly<
  Record<string, (byte: string) => { method: string; path: string; field: string; upstream: string }>
> = {
  'a header value': (byte) => ({
    method: 'GET',
    path: '/p',
    field: `X-A: a${byte}b`,
    upstream: `\r\nX-A: a${byte}b\r\n`,
  }),
  'a header name': (byte) => ({
    method: 'GET',
    path: '/p',
    field: `X-A${byte}b: c`,
    upstream: `\r\nX-A${byte}b: c\r\n`,
  }),
  'the path': (byte) => ({
    method: 'GET',
    path: `/p${byte}q`,
    field: 'X-A: b',
    upstream: `GET /p${byte}q HTTP/1.1\r\n`,
  }),
  'the query': (byte) => ({
    method: 'GET',
    path: `/p?q=${byte}r`,
    field: 'X-A: b',
    upstream: `GET /p?q=${byte}r HTTP/1.1\r\n`,
  }),
  'the method': (byte) => ({
    method: `GET${byte}`,
    path: '/p',
    field: 'X-A: b',
    upstream: `GET${byte} /p HTTP/1.1\r\n`,
  }),
};

describe.each(routes)('on the route by $name', (route) => {
  it.each(Object.entries(places))(
    'no byte in %s makes a line of its own',
    async (what, place) => {
      const { upstream, requests, received } = await startScripted(({ socket }) =>
        socket.write(answerOf('ok')),
      );
      const { open, head } = await startSidecarBefore(upstream);
      const passed: string[] = [];
      for (const byte of everyByte) {
        const { method, path, field, upstream: expected } = place(byte);
        const before = requests.length;
        const client = await open(route);
        client.write(`${head(route, method, path)}${field}\r\nConnection: close\r\n\r\n`);
        await client.untilEnded();
        const [answer, ...more] = parseResponses(client.received);
        expect(more).toEqual([]);
        const all = received.map(({ text }) => text).join('');
        received.forEach((one) => (one.text = ''));
        if (answer?.status !== 200) {
          expect([answer?.status, all, requests.length - before], JSON.stringify(byte)).toEqual([400, '', 0]);
          continue;
        }
        passed.push(byte);
        expect(requests.length - before, JSON.stringify(byte)).toBe(1);
        // A line for the request, one each for Host, X-A and Via, and the empty one.
        expect(all.split('\r\n'), JSON.stringify(byte)).toHaveLength(6);
        expect(all.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        if (byte !== ' ' && byte !== '\t' && byte !== ':') expect(all).toContain(expected);
      }
      expect(passed).not.toContain('\r');
      expect(passed).not.toContain('\n');
      expect(passed).not.toContain('\0');
    },
    60_000,
  );
});

it('characters of a url whose low byte is an end of line do not become one', async () => {
  const ca = createCa();
  let received = '';
  const upstream = await startRawUpstream({
    leaf: ca.issue('mcp.test'),
    onConnection: (socket) =>
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        socket.write(answerOf('ok'));
      }),
  });
  const url = `https://mcp.test:${upstream.port}/a\u010d\u010aX-Injected:\u0120b`;
  const sidecar = await startInProcess({ config: configText({ dev: { url, ssl_verify: ca.pem } }) });
  expect((await ask(sidecar.proxy, '/dev')).body).toBe('ok');
  expect(received).toMatch(/^GET \/a%C4%8D%C4%8AX-Injected:%C4%A0b HTTP\/1\.1\r\n/);
});
