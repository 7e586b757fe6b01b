import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { check } from '../../../src/cli/check.ts';
import { refusingPort, startRawUpstream } from '../../harness/raw-upstream.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { runCommand } from '../../harness/run-command.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue('mcp.test');
/** Every planted secret has it; what stands around it tells which one got out. */
const mark = 'hunter2';
/** The key's own text, which has no mark. */
const keyLine = leaf.key.split('\n')[1] ?? '';

interface Ports {
  readonly good: number;
  readonly refused: number;
  readonly untrusted: number;
  readonly broken: number;
}

/** LiteLLM's file with a secret in every place that it has for one. */
const yaml = (ports: Ports, more = '') => `
model_list:
  - model_name: m
    litellm_params: { api_key: sk-${mark}-model }
general_settings: { master_key: sk-${mark}-master }
environment_variables: { OPENAI_API_KEY: ${mark}-environment }
mcp_servers:
${Object.entries(ports)
  .map(
    ([name, port]) => `  ${name}:
    url: https://mcp.test:${port}/mcp?key=${mark}-url-query
    ssl_verify: ${JSON.stringify(name === 'untrusted' ? createCa().pem : root.pem)}
    auth_type: bearer_token
    authentication_token: ${mark}-authentication-token
    auth_value: ${mark}-auth-value
    client_id: ${mark}-client-id
    client_secret: ${mark}-client-secret
    static_headers: { Authorization: Bearer ${mark}-static-header }
    env: { TOKEN: ${mark}-env }
    aws_secret_access_key: ${mark}-aws
    an_unknown_key: ${mark}-unknown
`,
  )
  .join('')}${more}`;

/** Ways to get a file wrong, each next to a secret. */
const mistakes = (directory: string): Readonly<Record<string, string>> => ({
  'userinfo in a url': `  bad: { url: 'https://user:${mark}-userinfo@mcp.test/mcp' }\n`,
  'userinfo in an upstream_url': `  bad: { url: 'http://mcp.test/', tls: { upstream_url: 'https://u:${mark}-upstream@mcp.test/' } }\n`,
  'a url that is none': `  bad: { url: 'htps//mcp.test/?token=${mark}-no-url' }\n`,
  'a key where a CA is expected': `  bad: { url: 'https://mcp.test/', ssl_verify: ${directory}/key.pem }\n`,
  'the text of a key where a CA is expected': `  bad: { url: 'https://mcp.test/', ssl_verify: ${JSON.stringify(leaf.key)} }\n`,
  'a file of tokens where a CA is expected': `  bad: { url: 'https://mcp.test/', ssl_verify: ${directory}/tokens }\n`,
  'a token where a path is expected': `  bad: { url: 'https://mcp.test/', ssl_verify: false, authentication_token: [${mark}-list }\n`,
  'a secret twice': `  bad: { auth_value: ${mark}-first, auth_value: ${mark}-second }\n`,
  'a secret on a line that does not parse': `  bad:\n    authentication_token: "${mark}-open\n`,
  'a secret in a key of its own': `  bad: { url: 'https://mcp.test/', ssl_verfy: ${mark}-near }\n`,
  'a secret as an alias': `  bad: { authentication_token: *${mark}-alias }\n`,
  'an unset variable': `  bad: { url: os.environ/UNSET, authentication_token: ${mark}-beside }\n`,
});

/** All that the sidecar itself said. */
class Heard {
  readonly texts: { where: string; text: string }[] = [];

  add(where: string, text: string): void {
    this.texts.push({ where, text });
  }

  expectNoSecret(): void {
    for (const { where, text } of this.texts) {
      const found = new RegExp(`[\\w-]*${mark}[\\w-]*`).exec(text)?.[0];
      expect({ where, found }).toEqual({ where, found: undefined });
      expect({ where, key: text.includes(keyLine.slice(0, 24)) || text.includes('BEGIN PRIVATE') }).toEqual({
        where,
        key: false,
      });
    }
  }
}

const secretHeaders = {
  Authorization: `Bearer ${mark}-bearer`,
  Cookie: `session=${mark}-cookie`,
  'X-Api-Key': `${mark}-api-key`,
  'Mcp-Session-Id': `${mark}-session`,
  'Proxy-Authorization': `Basic ${mark}-proxy`,
};
const secretBody = `{"jsonrpc":"2.0","id":"id-1","method":"tools/call","params":{"password":"${mark}-body"}}`;

async function startAll() {
  const good = await startUpstream({ leaf });
  const broken = await startRawUpstream({
    leaf,
    onConnection: (socket) => socket.once('data', () => socket.end(`${mark}-upstream-text HTTP/1.1\r\n\r\n`)),
  });
  const ports = { good: good.port, refused: await refusingPort(), untrusted: good.port, broken: broken.port };
  // Two servers of one authority would have to agree: this one has its own.
  const untrusted = await startUpstream({ leaf });
  return { good, ports: { ...ports, untrusted: untrusted.port } };
}

it('no secret reaches a log line, a metric, a reply, a problem or an admin page', async () => {
  const { good, ports } = await startAll();
  const heard = new Heard();
  const sidecar = await startInProcess({ config: yaml(ports) });
  const port = Number(new URL(sidecar.proxyUrl).port);

  for (const { target } of routes) {
    for (const [server, upstreamPort] of Object.entries(ports)) {
      const named = { server, authority: `mcp.test:${upstreamPort}` };
      const path = target(named, `/mcp/${mark}-path?token=${mark}-query`);
      const answer = await ask(sidecar.proxy, path, { headers: secretHeaders, body: secretBody });
      expect(answer.status).toBe(server === 'good' ? 200 : 502);
      if (server !== 'good') heard.add(`reply of ${server}`, answer.rawHeaders.join('\n') + answer.body);
    }
  }
  // They were there: the server that works got them all, on every route.
  expect(good.requests).toHaveLength(routes.length);
  expect(good.requests[0]).toMatchObject({
    url: `/mcp/${mark}-path?token=${mark}-query`,
    body: secretBody,
    headers: { authorization: secretHeaders.Authorization, cookie: secretHeaders.Cookie },
  });

  const host = `Host: 127.0.0.1\r\nAuthorization: Bearer ${mark}-raw`;
  const refused: Readonly<Record<string, string>> = {
    'two framings': `POST /good/?q=${mark}-raw HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'a bad header': `GET /good/?q=${mark}-raw HTTP/1.1\r\n${host}\r\n${mark}-name : ${mark}-value\r\n\r\n`,
    'a token for a method': `${mark}-method / HTTP/1.1\r\n${host}\r\n\r\n`,
    userinfo: `GET http://user:${mark}-userinfo@mcp.test/ HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
    'an unknown server': `GET /${mark}-server HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
    'an unlisted host': `GET http://${mark}-host.test/ HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
    'a foreign origin': `GET /good/ HTTP/1.1\r\n${host}\r\nOrigin: http://${mark}-origin.test\r\nConnection: close\r\n\r\n`,
    connect: `CONNECT ${mark}-connect.test:443 HTTP/1.1\r\n${host}\r\n\r\n`,
    'bad chunks': `POST /good/mcp HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n${mark}-chunk\r\n`,
  };
  for (const [what, bytes] of Object.entries(refused)) {
    const answer = (await sendRaw({ port, bytes })).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 [45]/);
    heard.add(`reply to ${what}`, answer);
  }

  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'key.pem'), leaf.key);
  writeFileSync(join(directory, 'tokens'), `${mark}-token-file\n`);
  for (const [what, more] of Object.entries(mistakes(directory))) {
    sidecar.writeConfig(yaml(ports, more));
    const reply = await sidecar.reload();
    expect({ what, status: reply.status }).toEqual({ what, status: 500 });
    heard.add(`reload with ${what}`, await reply.text());
  }

  for (const page of [
    '/metrics',
    '/livez',
    '/readyz',
    '/',
    '/api/servers',
    `/${mark}-admin?token=${mark}-admin`,
  ]) {
    const answer = await ask(sidecar.admin, page, { headers: secretHeaders });
    heard.add(`page ${page.replaceAll(mark, '…')}`, answer.rawHeaders.join('\n') + answer.body);
  }
  heard.add('log', sidecar.logs.map((line) => JSON.stringify(line)).join('\n'));
  const log = heard.texts.at(-1)?.text ?? '';
  for (const wanted of ['request failed', 'configuration refused', 'response_malformed', 'request_malformed'])
    expect(log).toContain(wanted);
  heard.expectNoSecret();
});

it('no secret is printed by check, in text or JSON, and none by a start that fails', async () => {
  const ports = { good: 1, refused: 2, untrusted: 3, broken: 4 };
  const heard = new Heard();
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'key.pem'), leaf.key);
  writeFileSync(join(directory, 'tokens'), `${mark}-token-file\n`);
  for (const [what, more] of Object.entries(mistakes(directory))) {
    const config = join(directory, 'config.yaml');
    writeFileSync(config, yaml(ports, more));
    for (const json of [false, true]) {
      const { stdout, code } = await check({ config, json }, {});
      expect({ what, code }).toEqual({ what, code: 1 });
      expect(stdout).toMatch(json ? '"line": ' : /config\.yaml:\d+:\d+/);
      heard.add(`check${json ? ' --json' : ''} with ${what}`, stdout);
    }
  }
  const last = join(directory, 'last.yaml');
  writeFileSync(last, yaml(ports, `  bad:\n    authentication_token: "${mark}-open\n`));
  const started = await runCommand(['serve', '--config', last]);
  expect(started.code).toBe(1);
  heard.add('serve', started.stdout + started.stderr);
  heard.expectNoSecret();
});
