import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { cleanUp } from '../harness/clean-up.ts';
import { endNow } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

export interface LitellmOptions {
  /** The path of its config.yaml. */
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The proxy of LiteLLM as a process of its own. */
export interface LitellmProcess {
  readonly url: string;
  /** All that it wrote until now. */
  readonly output: () => string;
  readonly pid: number;
  readonly kill: () => Promise<void>;
}

/** `general_settings.master_key` of the tests' configurations. */
export const masterKey = 'sk-of-the-tests';

/** What the configurations of examples/litellm take from the environment. */
const keys = { LITELLM_MASTER_KEY: masterKey, LLM_API_KEY: 'sk-of-the-model' };

const startTimeoutMs = 90_000;

/** What keeps it from asking the internet; the proxy and CA variables of the machine must not decide a test either. */
const offline = {
  LITELLM_TELEMETRY: 'False',
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS: 'True',
  LITELLM_LOCAL_AUTOROUTER_PRESETS: 'True',
  LITELLM_LOCAL_BLOG_POSTS: 'True',
  LITELLM_LOCAL_POLICY_TEMPLATES: 'True',
};

/** Starts it on an ephemeral port of loopback and waits until it serves. Without a database: all is in config.yaml. */
export async function startLitellm({ config, env }: LitellmOptions): Promise<LitellmProcess> {
  const home = temporaryDirectory();
  const program = 'from litellm_cli.main import proxy_server; proxy_server()';
  const args = ['--config', config, '--host', '127.0.0.1', '--port', '0', '--telemetry', 'False'];
  const child = spawn(inject('litellmPython'), ['-c', program, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, PYTHONUNBUFFERED: '1', ...keys, ...offline, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUp(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const url = await untilServing(child, () => output);
  return { url, output: () => output, pid: child.pid ?? 0, kill: () => endNow(child) };
}

function untilServing(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      child.kill('SIGKILL');
      reject(new Error(`LiteLLM ${what}\n${output().slice(-4000)}`));
    };
    const timer = setTimeout(() => fail(`did not serve after ${startTimeoutMs} ms`), startTimeoutMs);
    const look = () => {
      const url = /Uvicorn running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output())?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? 'a signal'}`);
    });
  });
}

/** Writes a config.yaml into a directory of its own. */
export function writeConfig(text: string): string {
  const file = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(file, text);
  return file;
}
