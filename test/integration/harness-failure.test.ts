import { describe, expect, it } from 'vitest';
import { failureTable, type FailureReason } from '../../src/failure.ts';
import { expectFailure } from '../harness/expect-failure.ts';
import { expectedFailures } from '../harness/expected-failures.ts';
import { metricValue, parseMetrics } from '../harness/parse-metrics.ts';
import { parseResponses } from '../harness/parse-responses.ts';
import { logCollector, sidecarAt } from '../harness/sidecar.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

it.each(Object.entries(expectedFailures))(
  '%s has the documented status and Proxy-Status',
  (reason, expected) => {
    const { status, proxyStatus } = failureTable[reason as FailureReason];
    expect({ status, error: proxyStatus }).toEqual(expected ?? { status: 0, error: undefined });
  },
);

describe('expectFailure', () => {
  const reply = (proxyStatus: string) =>
    parseResponses(
      `HTTP/1.1 502 Bad Gateway\r\nProxy-Status: ${proxyStatus}\r\nContent-Length: 0\r\n\r\n`,
    )[0];
  const good = 'mcp-tls-sidecar; error=tls_certificate_error; details="tls_cert_expired"';
  const failure = { server: 'dev', reason: 'tls_cert_expired', timeoutMs: 100 } as const;

  async function sidecarWith(failures: number) {
    const { host, port } = await startUpstream({
      protocol: 'http',
      handler: (_, response) =>
        response.end(
          `# HELP …\nmcp_tls_sidecar_failures_total{server="dev",reason="tls_cert_expired"} ${failures}\n`,
        ),
    });
    const { logs, write } = logCollector();
    write('{"msg":"request","server":"dev",');
    write('"reason":"tls_cert_expired"}\n');
    return sidecarAt({ proxy: host, admin: `${host}:${port}` }, 'nowhere', logs);
  }

  it('accepts a failure that shows everywhere', async () => {
    await expectFailure(reply(good), await sidecarWith(1), failure);
  });

  it('wants status, Proxy-Status, metric and log line, and these anew for each failure', async () => {
    const sidecar = await sidecarWith(2);
    await expect(expectFailure(reply('other'), sidecar, failure)).rejects.toThrow('proxy-status');
    await expect(expectFailure(reply(good), sidecar, { ...failure, status: 421 })).rejects.toThrow('421');
    await expect(expectFailure(reply(good), await sidecarWith(0), failure)).rejects.toThrow('failures_total');
    await expectFailure(reply(good), sidecar, failure);
    await expect(expectFailure(reply(good), sidecar, failure)).rejects.toThrow('log line 2');
  });
});

it('adds up the samples that have the labels', () => {
  const samples = parseMetrics(
    '# TYPE a counter\na{x="1",y="p\\"q"} 2\na{x="1",y="r"} 3\na{x="2"} +Inf\nb 0.5 1700\n',
  );
  expect(metricValue(samples, 'a', { x: '1' })).toBe(5);
  expect(metricValue(samples, 'a', { y: 'p"q' })).toBe(2);
  expect(metricValue(samples, 'a', { x: '2' })).toBe(Infinity);
  expect(metricValue(samples, 'b')).toBe(0.5);
  expect(metricValue(samples, 'a', { x: '3' })).toBeUndefined();
});
