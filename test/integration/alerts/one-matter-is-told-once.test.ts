import { describe, it } from 'vitest';
import { toolMissing } from '../../harness/require-tool.ts';
import { daySeconds } from './alert-case.ts';
import { failingCases } from './failing-cases.ts';
import { of, runRules, type Series } from './promtool.ts';

const minutes = Array.from({ length: 60 }, (_, minute) => minute);

function expectSilence(series: Series, alerts: readonly string[]): void {
  const silence = alerts.flatMap((name) =>
    minutes.map((atMinute) => ({ atMinute, alert: `McpTlsSidecar${name}`, arrives: undefined })),
  );
  runRules(series, silence);
}

describe.skipIf(toolMissing('promtool'))('one matter is told once (needs promtool)', () => {
  it('while handshakes fail and page, and after they are mended, neither tickets nor the share of calls do', () => {
    const [{ series } = { series: {} }] = failingCases;
    expectSilence(series, ['SomeHandshakesFail', 'MostCallsFail', 'SomeCallsFail']);
  });

  it('most calls that fail page without a ticket', () => {
    const most = failingCases.find(({ alert }) => alert === 'MostCallsFail');
    expectSilence(most?.series ?? {}, ['SomeCallsFail', 'HandshakesFailing', 'SomeHandshakesFail']);
  });

  it('a certificate with a day left pages without a ticket', () => {
    const certificate = of('upstream_certificate_not_after_timestamp_seconds', { server: 'crm' });
    expectSilence({ [certificate]: `${daySeconds}x60` }, ['CertificateExpires', 'CertificateExpired']);
  });

  it('a root that is in use is told of by the alerts of its chain, not by that of the bundle', () => {
    const crm = { server: 'crm' };
    const soon = `${10 * daySeconds}x60`;
    const series = {
      [of('upstream_certificate_not_after_timestamp_seconds', crm)]: soon,
      [of('ca_bundle_not_after_timestamp_seconds', crm)]: soon,
      [of('ca_bundle_certificates', crm)]: '2x60',
    };
    expectSilence(series, ['CaBundleExpires']);
  });
});
