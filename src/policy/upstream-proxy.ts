import type { Authority } from '../authority.ts';
import type { NoProxyRule } from '../config/config.ts';
import { isInBlock } from '../ip-address.ts';
import type { Policy } from './policy.ts';

/** The proxy on the way out, with how it is verified. */
export interface UpstreamProxy {
  readonly authority: Authority;
  /** The value of `Proxy-Authorization`. Never shown. */
  readonly authorization: string | undefined;
  /** Undefined for an http proxy. */
  readonly policy: Policy | undefined;
  /** Equal for proxies that mean the same. Holds no secret. */
  readonly key: string;
}

/** When which proxy is used. */
export interface ProxyRules {
  /** `unusable`: its trust cannot be read, and nothing goes around it. */
  readonly proxy: UpstreamProxy | 'unusable' | undefined;
  readonly noProxy: readonly NoProxyRule[];
}

/** Which proxy an authority is reached through; undefined: directly. */
export function findUpstreamProxy(
  { proxy, noProxy }: ProxyRules,
  authority: Authority,
): { readonly usable: boolean; readonly proxy: UpstreamProxy | undefined } {
  if (proxy === undefined || noProxy.some((rule) => exempts(rule, authority)))
    return { usable: true, proxy: undefined };
  return proxy === 'unusable' ? { usable: false, proxy: undefined } : { usable: true, proxy };
}

function exempts(rule: NoProxyRule, { host, port }: Authority): boolean {
  if (rule.port !== undefined && rule.port !== port) return false;
  switch (rule.kind) {
    case 'host':
      return host === rule.host;
    case 'suffix':
      return host.endsWith(rule.suffix);
    case 'addresses':
      return isInBlock(host, rule.block);
  }
}
