import { describe, expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import type { RawClient } from './raw-client.ts';
import { caPem, server, startSidecarBefore } from './relay-setup.ts';
import { answerOf, startScripted } from './scripted-upstream.ts';

/** Answers with the path, as often as the request is the nth; the other fields are always the same. */
const startCounting = (fields = '') => {
  let count = 0;
  return startScripted(({ path, socket }) => socket.write(answerOf(path.repeat(++count), fields)));
};

/** Sends a request and takes all of its answer. */
async function exchange(client: RawClient, bytes: string): Promise<string> {
  const before = client.received.length;
  client.write(bytes);
  const isWhole = () => {
    const [head = '', body] = client.received.slice(before).split('\r\n\r\n');
    return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1]);
  };
  await poll(isWhole, { what: 'an answer', everyMs: 2 });
  return client.received.slice(before);
}

const bodies = ['{}', '{}', '{}', '{"a":1}', 'x'.repeat(100), '{}', '', 'x'.repeat(1_000), '{}'];

describe.each(routes)('on the route by $name', (route) => {
  it('requests that differ in their length alone go up and are answered as each would be alone', async () => {
    const fields = 'X-A: 1\r\nx-a: 2\r\nContent-Type: application/json\r\nKeep-Alive: timeout=60\r\n';
    const { upstream, received } = await startCounting(fields);
    const relay = await startSidecarBefore(upstream);
    const client = await relay.open(route);
    const asked: string[] = [];
    for (const [index, body] of bodies.entries()) {
      const lines = `X-B: 1\r\nx-b: 2\r\ncontent-length: ${body.length}\r\nAuthorization: Bearer x\r\n`;
      const answer = await exchange(client, `${relay.head(route, 'POST', '/mcp')}${lines}\r\n${body}`);
      const text = '/mcp'.repeat(index + 1);
      expect(answer).toBe(
        `HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n` +
          `Via: 1.1 ${viaOf(answer)}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\n${text}`,
      );
      asked.push(
        `POST /mcp HTTP/1.1\r\nHost: mcp.test:${upstream.port}\r\n${lines}Via: 1.1 ${viaOf(answer)}\r\n\r\n${body}`,
      );
    }
    expect(received.map(({ text }) => text)).toEqual([asked.join('')]);
  });

  it('what differs in anything else is judged anew', async () => {
    const { upstream, requests } = await startCounting();
    const relay = await startSidecarBefore(upstream);
    const client = await relay.open(route);
    const ask = (path: string, lines = '') =>
      exchange(client, `${relay.head(route, 'GET', path)}${lines}\r\n`);
    for (let times = 0; times < 4; times++) expect(await ask('/mcp')).toMatch(/^HTTP\/1\.1 200 /);
    const own = viaOf(await ask('/mcp'));
    expect(await ask('/mcp', `Via: 1.1 ${own}\r\n`)).toMatch(/^HTTP\/1\.1 502 [^]*loop_detected/);
    expect(await ask('/mcp')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask('/mcq')).toMatch(/^HTTP\/1\.1 200 /);
    expect(requests.map(({ path }) => path)).toEqual([...Array<string>(6).fill('/mcp'), '/mcq']);
  });

  it('after a reload they are judged by what it says', async () => {
    const { upstream, requests } = await startCounting();
    const relay = await startSidecarBefore(upstream);
    const { sidecar } = relay;
    const client = await relay.open(route);
    const ask = () => exchange(client, `${relay.head(route, 'POST', '/')}Content-Length: 2\r\n\r\n{}`);
    for (let times = 0; times < 4; times++) expect(await ask()).toMatch(/^HTTP\/1\.1 200 /);
    const url = `https://mcp.test:${upstream.port}/`;
    sidecar.writeConfig(configText({ [server]: { url, ssl_verify: true } }));
    await poll(async () => /^HTTP\/1\.1 502 [^]*details="tls_/.test(await ask()), {
      what: 'the refusal of a CA that is trusted no more',
    });
    const refused = requests.length;
    sidecar.writeConfig(configText({ [server]: { url, ssl_verify: caPem } }));
    await poll(async () => (await ask()).startsWith('HTTP/1.1 200 '), { what: 'the CA to be trusted again' });
    expect(requests).toHaveLength(refused + 1);
  });
});

it('a base URL leads where the configuration of now says', async () => {
  const { upstream, requests } = await startCounting();
  const relay = await startSidecarBefore(upstream);
  const client = await relay.open(routes[0] as RouteUnderTest);
  const ask = () => exchange(client, 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}');
  for (let times = 0; times < 4; times++) await ask();
  const url = `https://mcp.test:${upstream.port}/moved?`;
  relay.sidecar.writeConfig(configText({ [server]: { url, ssl_verify: caPem } }));
  await poll(async () => (await ask()) !== '' && requests.at(-1)?.path !== '/', { what: 'the new path' });
  expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(['/', '/moved']));
});

describe('a server whose connection serves several routes', () => {
  const [byName, byAuthority] = routes as [RouteUnderTest, RouteUnderTest];

  it.each([
    ['Location', '/a', '/mcp/a'],
    ['Set-Cookie', 'a=b', 'a=b; Path=/mcp'],
    ['Content-Location', '/a', '/a'],
    ['Trailer', 'X', undefined],
    ['Alt-Svc', 'h3=":443"', undefined],
  ])('is answered as the route wants it: %s', async (name, value, byNameValue) => {
    const { upstream, sockets } = await startCounting(`${name}: ${value}\r\n`);
    const relay = await startSidecarBefore(upstream);
    const passes = byNameValue === undefined ? undefined : value;
    const clients = await Promise.all(
      [byName, byAuthority].map(async (route) => ({ route, client: await relay.open(route) })),
    );
    for (let round = 0; round < 3; round++)
      for (const { route, client } of clients)
        for (let times = 0; times < 4; times++) {
          const answer = await exchange(client, `${relay.head(route, 'POST', '')}Content-Length: 0\r\n\r\n`);
          const sent = new RegExp(`\\r\\n${name}: (.*)\\r\\n`).exec(answer)?.[1];
          expect(sent).toBe(route === byName ? byNameValue : passes);
        }
    expect(sockets).toHaveLength(1);
  });
});

/** The pseudonym of the sidecar, by an answer that came through it. */
function viaOf(answer: string): string {
  return /\r\nVia: 1\.1 (\S+)\r\n/.exec(answer)?.[1] ?? '';
}
