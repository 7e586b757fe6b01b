import { expect, test } from 'vitest';
import { read } from './read.ts';

const consent = 'mcp_tls_sidecar: { allow_remote_clients: true, unlisted_hosts: deny }';
const everywhere = { host: '0.0.0.0', port: 8921 };

test.each(['listen', 'admin'] as const)(
  '--%s beyond loopback goes by allow_remote_clients of the file',
  (option) => {
    const overrides = { [option]: everywhere };
    for (const yaml of ['{}', 'mcp_tls_sidecar: { unlisted_hosts: deny, allow_remote_clients: false }']) {
      const { config, problems } = read(yaml, {}, overrides);
      expect(config).toBeUndefined();
      expect(problems).toMatchObject([
        {
          severity: 'error',
          line: 0,
          message: `--${option} 0.0.0.0:8921 is not a loopback address, which needs allow_remote_clients: true`,
        },
      ]);
    }
    const { config, problems } = read(consent, {}, overrides);
    expect(problems).toEqual([]);
    expect([config?.settings[option]].flat()).toEqual([everywhere]);
  },
);

test('an address of the file beyond loopback is refused even where the command line names another', () => {
  const { problems } = read(
    'mcp_tls_sidecar: { listen: 0.0.0.0:8921 }',
    {},
    { listen: { host: '127.0.0.1', port: 0 } },
  );
  expect(problems).toMatchObject([{ severity: 'error', line: 1, column: 28 }]);
});

test.each(['127.0.0.1', '127.9.9.9', '[::1]', 'localhost', '2130706433'])('%s needs no consent', (host) => {
  expect(read(`mcp_tls_sidecar: { listen: "${host}:1" }`).problems).toEqual([]);
});

test.each([
  '0.0.0.0',
  '[::]',
  '10.0.0.5',
  '[2001:db8::1]',
  '[::ffff:127.0.0.1]',
  'sidecar.example.com',
  'localhost.example.com',
])('%s needs consent, from the environment too', (host) => {
  for (const env of [{}, { L: `${host}:1` }]) {
    const written = 'L' in env ? 'os.environ/L' : `${host}:1`;
    expect(read(`mcp_tls_sidecar: { listen: ["${written}"] }`, env).problems).toMatchObject([
      { severity: 'error', line: 1, column: 29 },
    ]);
  }
});

test('a consent that the environment does not give is told once', () => {
  const { config, problems } = read(
    'mcp_tls_sidecar: { listen: 0.0.0.0:8921, allow_remote_clients: os.environ/NOT_SET }',
  );
  expect(config).toBeUndefined();
  expect(problems.map(({ message }) => message)).toEqual([
    'environment variable NOT_SET, which allow_remote_clients names, is not set',
  ]);
});
