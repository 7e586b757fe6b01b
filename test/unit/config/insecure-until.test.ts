import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';

const UNTIL = Date.parse('2026-12-31T00:00:00Z');
const DAY_MS = 86_400_000;

/** What is said at a moment of a server that is unverified until the end of 2026. */
function saidAt(now: number): string[] {
  const yaml = `
mcp_servers:
  dev:
    url: https://dev.example.com
    ssl_verify: false
    tls: { insecure_until: 2026-12-31T00:00:00Z }
`;
  const { config, problems } = readConfig({ file: 'c.yaml', bytes: Buffer.from(yaml), env: {}, now });
  // What is read does not depend on the clock: the passing of the date is for each dial to see.
  expect(config?.servers[0]).toMatchObject({
    sslVerify: { kind: 'off' },
    tls: { insecureUntil: { atMs: UNTIL } },
  });
  return problems.map(({ severity, line, message }) => `${severity} ${line}: ${message}`);
}

const OFF =
  'warning 5: verification is off for server dev until 2026-12-31T00:00:00Z: whoever is on the way can read and change all it sends';
const SOON = 'warning 6: verification of server dev comes back within a week, at 2026-12-31T00:00:00Z';
const BACK = 'warning 6: verification is back for server dev: tls.insecure_until has passed';

test.each([
  ['years ahead', UNTIL - 4000 * DAY_MS, [OFF]],
  ['a millisecond more than a week ahead', UNTIL - 7 * DAY_MS - 1, [OFF]],
  ['a week ahead', UNTIL - 7 * DAY_MS, [OFF, SOON]],
  ['a millisecond ahead', UNTIL - 1, [OFF, SOON]],
  ['at the moment itself', UNTIL, [BACK]],
  ['years after', UNTIL + 4000 * DAY_MS, [BACK]],
])('%s of insecure_until it is said what holds and what is to come', (_, now, said) => {
  expect(saidAt(now)).toEqual(said);
});

test('without a moment to compare with it is the clock', () => {
  const year = new Date().getUTCFullYear();
  const yaml = (until: number): string =>
    `mcp_servers: { a: { url: "https://a", ssl_verify: false, tls: { insecure_until: ${until}-01-01T00:00:00Z } } }`;
  const said = (until: number): string | undefined =>
    readConfig({ file: 'c.yaml', bytes: Buffer.from(yaml(until)), env: {} }).problems[0]?.message;
  expect(said(year)).toMatch(/^verification is back/);
  expect(said(year + 2)).toMatch(/^verification is off/);
});
