import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { askByPython, pythonWithClients } from './real-clients.ts';

const python = pythonWithClients();

it.skipIf(python === undefined)(
  'a token_url behind the CA of its MCP server fails in a blind tunnel, is warned of, and works once its host is listed (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)',
  { timeout: 60_000 },
  async () => {
    const ca = createCa();
    const login = await startUpstream({
      leaf: ca.issue('login.corp.test', { authorityKeyIdentifier: false }),
    });
    const tokenUrl = `https://login.corp.test:${login.port}/token`;
    const corporate = join(temporaryDirectory(), 'corp.pem');
    writeFileSync(corporate, ca.pem);
    const wiki = { url: 'https://wiki.corp.test/mcp', ssl_verify: corporate, token_url: tokenUrl };
    const sidecar = await startInProcess({ config: configText({ wiki }) });
    const warnings = () =>
      sidecar.logs.filter(({ msg }) => String(msg).startsWith('the host of token_url has no entry')).length;
    const fetchToken = async () => {
      const env = { HTTPS_PROXY: sidecar.proxyUrl, SSL_CERT_FILE: sidecar.caBundle };
      const [said] = await askByPython(python ?? '', 'httpx')([{ url: tokenUrl }], env);
      return said;
    };

    expect(warnings()).toBe(1);
    expect(await fetchToken()).toMatch(/CERTIFICATE_VERIFY_FAILED/);

    const hosts = { [`login.corp.test:${login.port}`]: { ssl_verify: corporate } };
    sidecar.writeConfig(configText({ wiki }, { hosts }));
    expect((await sidecar.reload()).status).toBe(200);
    expect(warnings()).toBe(1);
    expect(await fetchToken()).toBe('');
    expect(login.requests.map(({ url }) => url)).toEqual(['/token']);
  },
);
