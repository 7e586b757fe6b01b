import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { isLitellmKey } from '../../src/config/known-keys.ts';

/** What LiteLLM itself declares that it reads of an entry of `mcp_servers`. */
const script = `
import json
from litellm.proxy.mcp_server.mcp_server_manager import MCPServerConfig
print(json.dumps(sorted(MCPServerConfig.__annotations__)))
`;

it('every key that LiteLLM reads of an entry is known, so that none is warned of', async () => {
  const env = { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
  const run = promisify(execFile);
  const { stdout } = await run(inject('litellmPython'), ['-c', script], { env, timeout: 60_000 });
  const keys = JSON.parse(stdout) as string[];
  expect(keys).toContain('static_headers');
  expect(keys.filter((key) => !isLitellmKey(key))).toEqual([]);
});
