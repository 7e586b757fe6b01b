import { describe, expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { caPem, leaf } from './relay-setup.ts';
import { configText } from '../../harness/config-text.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';

/** A protected resource as RFC 9728 has it. */
async function start(rewrite_oauth: boolean, document?: (origin: string) => string) {
  let origin = '';
  const handler: Handler = (request, response) => {
    if (request.url?.startsWith('/.well-known/oauth-protected-resource') === true) {
      const metadata = {
        resource: `${origin}/mcp`,
        authorization_servers: ['https://login.test/'],
        scopes_supported: ['a'],
      };
      const body = document?.(origin) ?? JSON.stringify(metadata);
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
      return;
    }
    const challenge = `Bearer realm="x", resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp?v=1", scope="a"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  };
  const upstream = await startUpstream({ leaf, handler });
  const authority = `mcp.test:${upstream.port}`;
  origin = `https://${authority}`;
  const config = configText({ mcp: { url: `${origin}/mcp`, ssl_verify: caPem, tls: { rewrite_oauth } } });
  const sidecar = await startInProcess({ config });
  return { sidecar, upstream, origin, local: `http://${sidecar.proxy}`, named: { server: 'mcp', authority } };
}

const wellKnown = '/.well-known/oauth-protected-resource/mcp/mcp';
const advice = /wants OAuth/;

describe('with rewrite_oauth: true, on the base URL', () => {
  it('a challenge leads to the metadata here, and they name the URL that the client used', async () => {
    const { sidecar, local } = await start(true);
    const refused = await ask(sidecar.proxy, '/mcp/mcp', { headers: { host: sidecar.proxy } });
    expect(refused.header('www-authenticate')).toBe(
      `Bearer realm="x", resource_metadata="${local}${wellKnown}?v=1", scope="a"`,
    );
    const metadata = await ask(sidecar.proxy, wellKnown, { headers: { host: sidecar.proxy } });
    expect(JSON.parse(metadata.body)).toEqual({
      resource: `${local}/mcp/mcp`,
      authorization_servers: ['https://login.test/'],
      scopes_supported: ['a'],
    });
    expect(sidecar.logs.filter(({ msg }) => advice.test(String(msg)))).toEqual([]);
  });

  it('asks for metadata unencoded', async () => {
    const { sidecar, upstream } = await start(true);
    await ask(sidecar.proxy, wellKnown, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(upstream.requests.at(-1)?.headers['accept-encoding']).toBe('identity');
  });

  it.each([
    ['no JSON', () => '{"resource": "https://mcp.test'],
    ['a list', () => '["https://mcp.test/mcp"]'],
    ['the resource of another origin', () => '{"resource":"https://elsewhere.test/mcp"}'],
    ['a resource that is no text', () => '{"resource":{"url":"https://mcp.test/mcp"}}'],
    [
      'more than metadata ever are',
      (origin: string) => `{"resource":"${origin}/mcp","x":"${'x'.repeat(70_000)}"}`,
    ],
  ])('%s passes as it is', async (_, document) => {
    const { sidecar, origin } = await start(true, document);
    const answer = await ask(sidecar.proxy, wellKnown);
    expect([answer.status, answer.complete, answer.body]).toEqual([200, true, document(origin)]);
  });

  it('a challenge that leads elsewhere is left alone', async () => {
    const { sidecar, upstream } = await start(true);
    const elsewhere =
      'Bearer resource_metadata="https://elsewhere.test/.well-known/oauth-protected-resource"';
    upstream.server.removeAllListeners('request').on('request', (_, response) => {
      response.writeHead(401, { 'www-authenticate': elsewhere }).end();
    });
    expect((await ask(sidecar.proxy, '/mcp/mcp')).header('www-authenticate')).toBe(elsewhere);
  });
});

describe('otherwise nothing is rewritten', () => {
  it('nor is the encoding of metadata chosen for the client', async () => {
    const { sidecar, upstream } = await start(false);
    await ask(sidecar.proxy, wellKnown, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(upstream.requests.at(-1)?.headers['accept-encoding']).toBe('gzip, br');
  });

  it('without it, and the log says once that CONNECT is the way', async () => {
    const { sidecar, origin } = await start(false);
    for (let time = 0; time < 3; time++) {
      const refused = await ask(sidecar.proxy, '/mcp/mcp');
      expect(refused.header('www-authenticate')).toContain(`"${origin}/.well-known/`);
    }
    const metadata = await ask(sidecar.proxy, wellKnown);
    expect(JSON.parse(metadata.body)).toMatchObject({ resource: `${origin}/mcp` });
    expect(sidecar.logs.filter(({ msg }) => advice.test(String(msg)))).toHaveLength(1);
  });

  it.each(routes.filter(({ findsHosts }) => findsHosts))(
    'by $name, where every URL is real',
    async (route) => {
      const { sidecar, origin, named } = await start(true);
      const refused = await ask(sidecar.proxy, route.target(named, '/mcp'));
      expect(refused.header('www-authenticate')).toContain(`"${origin}/.well-known/`);
      const metadata = await ask(
        sidecar.proxy,
        route.target(named, '/.well-known/oauth-protected-resource/mcp'),
      );
      expect(JSON.parse(metadata.body)).toMatchObject({ resource: `${origin}/mcp` });
    },
  );
});
