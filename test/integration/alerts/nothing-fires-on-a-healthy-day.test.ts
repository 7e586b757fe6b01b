import { expect, it } from 'vitest';
import { toolMissing } from '../../harness/require-tool.ts';
import { daySeconds } from './alert-case.ts';
import { expectNoAlert, of, up, type Series } from './promtool.ts';

const minutes = 1440;
const crm = { server: 'crm' };

/** A day in minutes; what is not said goes on. */
function day(valueAt: (minute: number) => number | string): string {
  return Array.from({ length: minutes + 1 }, (_, minute) => valueAt(minute)).join(' ');
}

// Restarted at noon, for two minutes; before that, for a minute at four.
const isDown = (minute: number) => minute === 240 || minute === 720 || minute === 721;
const lastStart = (minute: number) => (minute > 721 ? 721 : minute > 240 ? 240 : -1);
/** A counter that starts anew with the process. */
const counter = (perMinute: number) =>
  day((minute) => (isDown(minute) ? 'stale' : (minute - lastStart(minute) - 1) * perMinute));
const gauge = (valueAt: (minute: number) => number) =>
  day((minute) => (isDown(minute) ? 'stale' : valueAt(minute)));

const healthyDay: Series = {
  [up]: day((minute) => (isDown(minute) ? 0 : 1)),
  [of('build_info', { version: '1' })]: gauge(() => 1),
  [of('requests_total', { ...crm, code: '200' })]: counter(30),
  [of('requests_total', { ...crm, code: '401' })]: counter(2),
  [of('requests_total', { ...crm, code: 'aborted' })]: counter(1),
  // A hundred calls find a server that restarts at six in the morning: for two minutes.
  [of('requests_total', { ...crm, code: '502' })]: gauge((minute) =>
    minute > 721 || minute < 360 ? 0 : minute === 360 ? 50 : 100,
  ),
  [of('upstream_handshake_failures_total', { ...crm, reason: 'connection_lost' })]: gauge((minute) =>
    minute > 721 || minute < 360 ? 0 : 2,
  ),
  [of('upstream_handshake_failures_total', { ...crm, reason: 'tls_cert_expired' })]: counter(0),
  // Nobody calls this one but for one attempt, which fails.
  [of('upstream_handshake_failures_total', { server: 'quiet', reason: 'tls_timeout' })]: gauge((minute) =>
    minute > 721 || minute < 500 ? 0 : 1,
  ),
  [of('upstream_last_handshake_timestamp_seconds', crm)]: gauge((minute) => minute * 60),
  // Renewed at three, 30 days before its end.
  [of('upstream_certificate_not_after_timestamp_seconds', crm)]: gauge(
    (minute) => (minute < 180 ? 31 : 90) * daySeconds,
  ),
  // The system's store: a few of its roots expired long ago.
  [of('ca_bundle_not_after_timestamp_seconds', { server: 'public' })]: gauge(() => -daySeconds),
  [of('ca_bundle_certificates', { server: 'public' })]: gauge(() => 144),
  [of('ca_bundle_not_after_timestamp_seconds', crm)]: gauge(() => 700 * daySeconds),
  [of('ca_bundle_certificates', crm)]: gauge(() => 2),
  [of('local_ca_not_after_timestamp_seconds')]: gauge(() => 100 * daySeconds),
  [of('verification_disabled', crm)]: gauge(() => 0),
  // An exception that ended last week.
  [of('insecure_until_timestamp_seconds', { server: 'public' })]: gauge(() => -7 * daySeconds),
  [of('server_usable', crm)]: gauge(() => 1),
  // A file that is replaced in two steps, at eight: the reload between them failed.
  [of('server_stale', crm)]: gauge((minute) => (minute === 480 ? 1 : 0)),
  [of('config_last_reload_successful')]: gauge((minute) => (minute === 480 ? 0 : 1)),
  [of('config_reloads_total', { result: 'success' })]: gauge((minute) => Math.floor(minute / 60)),
  [of('config_reloads_total', { result: 'failure' })]: gauge((minute) => (minute > 480 ? 1 : 0)),
};

it.skipIf(toolMissing('promtool'))(
  'nothing fires on a day with reloads, restarts, renewals and a hiccup (needs promtool)',
  () => expectNoAlert(healthyDay, minutes),
);

it.skipIf(toolMissing('promtool'))('a day on which something fires would be noticed (needs promtool)', () => {
  const sick = { ...healthyDay, [of('server_usable', crm)]: gauge(() => 0) };
  expect(() => expectNoAlert(sick, minutes)).toThrow('McpTlsSidecarServerUnusable');
});
