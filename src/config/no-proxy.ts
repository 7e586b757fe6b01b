import { isIPv6 } from 'node:net';
import { parseAddressBlock } from './address-block.ts';
import type { NoProxyRule } from './config.ts';
import { Fault } from './fault.ts';
import { normaliseBareHost } from './hosts.ts';

const FORMS = 'example.com, .example.com, 10.0.0.5, 10.0.0.0/8, or one of them with a port: example.com:8443';

/** Reads an item of `no_proxy`: a host, a `.suffix`, an address or a CIDR block, each with an optional port. */
export function parseNoProxyRule(text: string): NoProxyRule | Fault {
  if (text === '*') {
    return new Fault('is *, with which the proxy would serve nothing', 'remove upstream_proxy instead');
  }
  if (text.startsWith('*.')) {
    return new Fault('begins with *.', 'write .example.com for all names below example.com');
  }
  if (text.includes('://')) return new Fault('is a URL', `write the host alone: ${FORMS}`);
  const { rest, port } = splitPort(text);
  if (port !== undefined && (port < 1 || port > 65535)) {
    return new Fault('has no port from 1 to 65535', `write ${FORMS}`);
  }
  const target = parseTarget(rest);
  return target instanceof Fault ? target : { ...target, port };
}

/** What a rule is for, whatever its port. */
type Target = NoProxyRule extends infer Rule
  ? Rule extends NoProxyRule
    ? Omit<Rule, 'port'>
    : never
  : never;

function parseTarget(text: string): Target | Fault {
  const isSuffix = text.startsWith('.');
  const block = parseAddressBlock(isSuffix ? text.slice(1) : text);
  const noHost = new Fault('is neither a host nor a block of addresses', `write ${FORMS}`);
  if (isSuffix && block !== undefined) return noHost;
  if (block instanceof Fault) return block;
  if (block !== undefined) return { kind: 'addresses', block };
  const host = normaliseBareHost(isSuffix ? text.slice(1) : text);
  if (host === undefined) return noHost;
  return isSuffix ? { kind: 'suffix', suffix: `.${host}` } : { kind: 'host', host };
}

/** An IPv6 literal is in brackets where a port follows; without brackets all of it is the address. */
function splitPort(text: string): { rest: string; port: number | undefined } {
  if (isIPv6(text)) return { rest: text, port: undefined };
  const match = /^(\[[^[\]]*\]|[^:]*|[^[\]]*\/\d+):(\d{1,5})$/.exec(text);
  const rest = match?.[1] ?? text;
  const inBrackets = /^\[([^[\]]*:[^[\]]*)\]$/.exec(rest)?.[1];
  return { rest: inBrackets ?? rest, port: match === null ? undefined : Number(match[2]) };
}
