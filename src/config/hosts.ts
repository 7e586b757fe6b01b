import { isIPv6 } from 'node:net';
import { isLoopbackHost, normaliseHost, parseAuthority } from '../authority.ts';
import type { HostPattern } from './config.ts';
import { Fault } from './fault.ts';

/** Normalises a host without a port; an IPv6 literal with or without brackets. */
export function normaliseBareHost(text: string): string | undefined {
  return normaliseHost(isIPv6(text) ? `[${text}]` : text);
}

/** Whether a normalised host leads to loopback in any of its spellings: `0.0.0.0` and IPv4 inside IPv6 do too. */
export function reachesLoopback(host: string): boolean {
  if (isLoopbackHost(host) || host.endsWith('.localhost')) return true;
  return host === '0.0.0.0' || host === '::' || /^::ffff:(?:7f[0-9a-f]{2}:[0-9a-f]+|0:0)$/.test(host);
}

/** Reads a key of `hosts`: `mcp.corp.test`, `*.corp.test`, `10.0.0.5` or one of them with a port. */
export function parseHostPattern(text: string): HostPattern | Fault {
  if (text === '*' || text.startsWith('*:')) {
    return new Fault(
      'is a lone *',
      'write *.example.com; for every entry that says nothing there is mcp_tls_sidecar.ssl_verify',
    );
  }
  const wildcard = text.startsWith('*.');
  const authority = parseAuthority(isIPv6(text) ? `[${text}]` : text.slice(wildcard ? 2 : 0), 443);
  if (authority === undefined || text.includes('*', 1)) {
    return new Fault(
      'is no host',
      'write mcp.example.com, *.example.com, 10.0.0.5 or one of them with a port; * stands only as the first label',
    );
  }
  const { host, port } = authority;
  if (wildcard && (host.includes(':') || /^[\d.]+$/.test(host))) {
    return new Fault('is a wildcard before an address', 'write the address alone');
  }
  return { host, wildcard, port, portWritten: !isIPv6(text) && /:\d+$/.test(text) };
}
