import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { refusingPort, startRawUpstream } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

const root = createCa();

async function startRefused() {
  const port = await refusingPort();
  const sidecar = await startInProcess({
    config: configText({ dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: root.pem } }),
  });
  return { sidecar, named: { server: 'dev', authority: `mcp.test:${port}` } };
}

const call = (id: string, rest = '') => `{"jsonrpc":"2.0","id":${id},"method":"tools/call"${rest}}`;
const error = {
  code: -32050,
  message: expect.stringMatching(/^[^\n]*"dev"[^\n]*refused[^\n]*$/) as string,
  data: { reason: 'connect_refused', phase: 'connect', server: 'dev', hint: expect.any(String) as string },
};

describe.each(routes)('on the route by $name', (route) => {
  const { target } = route;
  const echoed: readonly { what: string; body: string; id: string }[] = [
    { what: 'a string', body: call('"a-1"'), id: '"a-1"' },
    { what: 'a string with escapes', body: call('"\\u00e9\\n\\"\\\\"'), id: '"é\\n\\"\\\\"' },
    { what: 'zero', body: call('0'), id: '0' },
    { what: 'a negative number', body: call('-7'), id: '-7' },
    { what: 'a number beyond 2^53', body: call('9007199254740993'), id: '9007199254740993' },
    { what: 'a number with a fraction', body: call('1.0'), id: '1.0' },
    { what: 'its own, with others below it', body: call('1', ',"params":{"id":2,"a":[{"id":3}]}'), id: '1' },
    {
      what: 'its own, after others',
      body: '{"params":{"id":2},"method":"tools/call","jsonrpc":"2.0","id":1}',
      id: '1',
    },
    { what: 'the last of two', body: '{"jsonrpc":"2.0","id":1,"method":"ping","id":2}', id: '2' },
    { what: 'white space around it', body: ` \r\n${call(' 5 ')}\n`, id: '5' },
  ];
  it.each(echoed)('echoes the id that is $what', async ({ body, id }) => {
    const { sidecar, named } = await startRefused();
    const answer = await ask(sidecar.proxy, target(named, '/mcp'), { body });
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'connect_refused' });
    expect(answer.header('content-type')).toBe('application/json');
    // As it was written: parsed, the big number would be another.
    expect(answer.body).toMatch(`"id":${id},"error":`);
    expect(JSON.parse(answer.body)).toEqual({ jsonrpc: '2.0', id: JSON.parse(id) as unknown, error });
  });

  const unechoed: Readonly<Record<string, string>> = {
    'a null id': call('null'),
    'an id that is an object': call('{"id":1}'),
    'an id that is true': call('true'),
    'a notification': '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    'a notification with an id in its params':
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"id":4}}',
    'a batch': `[${call('1')}]`,
    'a response': '{"jsonrpc":"2.0","id":1,"result":{}}',
    'another version': '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    'no JSON': 'grant_type=client_credentials&client_secret=hidden',
    'half of a request': call('1').slice(0, -1),
    'more than 64 KiB': call('1', `,"params":"${'a'.repeat(65_536)}"`),
  };
  it.each(Object.entries(unechoed))('answers %s with problem+json', async (_, body) => {
    const { sidecar, named } = await startRefused();
    const answer = await ask(sidecar.proxy, target(named, '/mcp'), { body });
    await expectProblem(answer, sidecar);
  });

  it('echoes the id of exactly 64 KiB, and of a chunked body', async () => {
    const { sidecar, named } = await startRefused();
    const rest = ',"params":""';
    const filler = 'a'.repeat(65_536 - call('1', rest).length);
    const whole = call('1', `,"params":"${filler}"`);
    expect(whole).toHaveLength(65_536);
    const answer = await ask(sidecar.proxy, target(named, '/mcp'), { body: whole });
    expect(JSON.parse(answer.body)).toMatchObject({ id: 1 });
    const chunked = { body: call('2'), headers: { 'Transfer-Encoding': 'chunked' } };
    expect(JSON.parse((await ask(sidecar.proxy, target(named, '/mcp'), chunked)).body)).toMatchObject({
      id: 2,
    });
  });

  it('answers a chunked body of more than 64 KiB with problem+json', async () => {
    const { sidecar, named } = await startRefused();
    const body = call('1', `,"params":"${'a'.repeat(65_536)}"`);
    const chunked = { body, headers: { 'Transfer-Encoding': 'chunked' } };
    await expectProblem(await ask(sidecar.proxy, target(named, '/mcp'), chunked), sidecar);
  });

  it('waits a second for a slow body, no longer, and answers with problem+json', async () => {
    const { sidecar, named } = await startRefused();
    const { socket } = await route.connect(sidecar.proxy, named);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    const startedMs = performance.now();
    const head = `POST ${route.line(named, '/mcp')} HTTP/1.1\r\nHost: ${route.host(named)}\r\nContent-Length: 99\r\n\r\n`;
    socket.write(`${head}{"jsonrpc":"2.0","id":1,`);
    const [answer] = await poll(() => {
      const responses = parseResponses(received);
      return responses[0]?.complete === true && responses;
    });
    const elapsedMs = performance.now() - startedMs;
    expect(elapsedMs).toBeGreaterThan(950);
    expect(elapsedMs).toBeLessThan(2_500);
    if (answer === undefined) throw new Error('no answer');
    await expectProblem(answer, sidecar);
  });

  it('echoes the id of a request that was sent, too', async () => {
    const upstream = await startRawUpstream({
      leaf: root.issue('mcp.test'),
      onConnection: (socket) => socket.once('data', () => socket.end('nonsense\r\n\r\n')),
    });
    const sidecar = await startInProcess({
      config: configText({ dev: { url: `https://mcp.test:${upstream.port}/mcp`, ssl_verify: root.pem } }),
    });
    const named = { server: 'dev', authority: `mcp.test:${upstream.port}` };
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const answer = await ask(sidecar.proxy, target(named, '/mcp'), { body: call('"x"'), headers });
      await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_malformed' });
      expect(JSON.parse(answer.body)).toMatchObject({ id: 'x', error: { data: { phase: 'response' } } });
    }
  });
});

async function expectProblem(
  answer: { status: number; header: (name: string) => string | null; body: string },
  sidecar: Awaited<ReturnType<typeof startInProcess>>,
) {
  await expectFailure(answer, sidecar, { server: 'dev', reason: 'connect_refused' });
  expect(answer.header('content-type')).toBe('application/problem+json');
  const { data, message } = error;
  expect(JSON.parse(answer.body)).toEqual({ title: message, status: 502, detail: data.hint, ...data });
}
