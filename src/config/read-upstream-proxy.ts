import { isOurs } from './check-upstream.ts';
import type { Settings, SslVerify, UpstreamProxySettings } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { LocatedMap } from './located.ts';
import type { ProxyUrl } from './proxy-url.ts';
import type { Reading } from './read-mapping.ts';

/** Fills in `upstream_proxy`. @param inherited `mcp_tls_sidecar.ssl_verify`, which an https proxy is verified by */
export function fillInUpstreamProxy(
  url: ProxyUrl | null | undefined,
  written: LocatedMap,
  inherited: SslVerify | undefined,
): UpstreamProxySettings | undefined {
  const pair = findPair(written, 'upstream_proxy');
  if (!url || pair === undefined) return undefined;
  return { ...url, sslVerify: inherited ?? { kind: 'default' }, position: positionOf(pair) };
}

/** Reports a proxy that is ourselves or that is not verified, and a `no_proxy` without one. */
export function checkUpstreamProxy(
  settings: Pick<Settings, 'listen' | 'admin' | 'upstreamProxy'>,
  written: LocatedMap,
  { report }: Reading,
): void {
  const proxy = settings.upstreamProxy;
  if (proxy !== undefined && isOurs(proxy.authority, settings)) {
    const message = "upstream_proxy is this sidecar's own address";
    const hint = 'write the address of the proxy that leads out of this network, or remove the line';
    report.add({ severity: 'error', position: proxy.position, message, hint });
  }
  if (proxy?.protocol === 'https' && proxy.sslVerify.kind === 'off') {
    const message =
      'verification is off for upstream_proxy too: whoever is on the way can read its credentials';
    const hint = 'name its CA at mcp_tls_sidecar.ssl_verify in place of false';
    report.add({ severity: 'warning', position: proxy.position, message, hint });
  }
  const rules = findPair(written, 'no_proxy');
  const hasRules = rules?.value.kind === 'list' && rules.value.items.length > 0;
  if (hasRules && isUnset(findPair(written, 'upstream_proxy')?.value)) {
    const message = 'no_proxy has no effect without upstream_proxy';
    const hint = 'name the proxy at upstream_proxy, or remove the line';
    report.add({ severity: 'warning', position: positionOf(rules), message, hint });
  }
}
