import { z } from 'zod/mini';
import { parseDuration } from './duration.ts';
import { Fault } from './fault.ts';
import { normaliseBareHost } from './hosts.ts';
import { parseListenAddress } from './listen-address.ts';
import { parseNoProxyRule } from './no-proxy.ts';
import { parsePermittedDomain } from './permitted-domain.ts';
import { parseProxyUrl } from './proxy-url.ts';
import { parseSslVerify } from './ssl-verify.ts';
import { parseUpstreamUrl } from './upstream-url.ts';

/** Sentence and hint travel in the one message that an issue has: see `faultOf`. */
const SEPARATOR = '\n';

/** The fault that an issue of one of these schemas stands for. */
export function faultOf(message: string): Fault {
  const [sentence = '', hint = ''] = message.split(SEPARATOR);
  return new Fault(sentence, hint);
}

/** The one message of an issue. */
export function fail(message: string, hint: string): string {
  return `${message}${SEPARATOR}${hint}`;
}

/** The end of a pipe that reads a value with one of our parsers. */
export function reading<In, Out>(parse: (value: In) => Out | Fault) {
  return z.transform((value: In, { issues }): Out => {
    const result = parse(value);
    if (!(result instanceof Fault)) return result;
    issues.push({ code: 'custom', message: fail(result.message, result.hint), input: value });
    return z.NEVER;
  });
}

/** A JSON Schema cannot hold our parsers: what an editor can check of such a text is this pattern. */
export function text<Out>(parse: (value: string) => Out | Fault, wrongType: string, pattern?: string) {
  const plain = z.string({ error: wrongType });
  if (pattern !== undefined) plain.register(z.globalRegistry, { pattern });
  return z.pipe(plain, reading(parse));
}

/** A path or PEM text; an editor marks what spells a boolean. */
export const trustSchema = z
  .string()
  .register(z.globalRegistry, { pattern: notBoolean(['true', 'false', 'yes', 'no', 'on', 'off']) });

/** `ssl_verify`. */
export const sslVerifySchema = z.pipe(
  z.union([z.boolean(), z.null(), trustSchema], {
    error: fail('is neither true, false, a path nor PEM text', 'write true, false, a path or PEM text'),
  }),
  reading(parseSslVerify),
);

/** An http or https URL. */
export const urlSchema = text(parseUpstreamUrl, fail('is no URL', 'write https://host/path'));

/** The URL of an HTTP proxy. */
export const proxyUrlSchema = text(
  parseProxyUrl,
  fail('is no URL of a proxy', 'write http://proxy.example.com:3128'),
);

/** An item of `no_proxy`. */
export const noProxySchema = text(
  parseNoProxyRule,
  fail(
    'is neither a host nor a block of addresses',
    'write example.com, .example.com or 10.0.0.0/8, in quotes',
  ),
);

/** An item of `ca.permitted_domains`. */
export const permittedDomainSchema = text(
  parsePermittedDomain,
  fail('is neither a host name nor an address', 'write example.com, 10.0.0.5 or 10.0.0.0/8, in quotes'),
);

/** The path of a file or directory; whether it is there is not asked here. */
export const pathSchema = text(
  (path) =>
    /^\s*$|\p{Cc}|-----BEGIN/u.test(path)
      ? new Fault('is no path', 'write the path of a file or directory, not what is in it')
      : path,
  fail('is no path', 'write a path, in quotes'),
);

/** A host name or an IP address, without a port. */
export const hostSchema = text(
  (host) =>
    normaliseBareHost(host) ??
    new Fault('is no host', 'write a host name or an IP address, without a scheme and without a port'),
  fail('is no host', 'write a host name or an IP address, in quotes'),
);

/** An address to listen on. */
export const listenSchema = text(
  parseListenAddress,
  fail('is no address to listen on', 'write host:port, e.g. 127.0.0.1:8921, "[::1]:8921" or localhost:8921'),
);

/** A duration between two bounds. */
export function durationSchema(least: string, most: string) {
  return text(
    (value) => parseDuration(value, least, most),
    fail('is no duration', 'write a number with a unit: 500ms, 8s, 1m or 1h'),
    '^[0-9]+(ms|s|m|h)$',
  );
}

/** A whole number between two bounds. */
export function integerSchema(least: number, most: number) {
  const error = fail(
    `is no whole number from ${least} to ${most}`,
    `write a number from ${least} to ${most}`,
  );
  return z.int({ error }).check(z.minimum(least, { error }), z.maximum(most, { error }));
}

export const booleanSchema = z.boolean({
  error: fail('is neither true nor false', 'write true or false, without quotes'),
});

/** One of some words. */
export function wordSchema<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, {
    error: fail(`is not one of ${words.join(', ')}`, `write one of ${words.join(', ')}`),
  });
}

/** A mapping of our own: an editor marks keys that it does not have, `keys.ts` reports them. */
export function mappingSchema<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z
    .object(shape, {
      error: fail('is no mapping', 'write its keys below it, each indented on a line of its own'),
    })
    .register(z.globalRegistry, { additionalProperties: false });
}

/** A list of values. */
export function listSchema<Item extends z.ZodMiniType>(item: Item) {
  return z.array(item, { error: fail('is no list', 'write a list, e.g. [a, b]') });
}

/** A key that may be left out; what null means is for the schema to say. @param description for editors */
export function mayBeLeftOut<Schema extends z.ZodMiniType>(schema: Schema, description: string) {
  return described(z.optional(schema), description);
}

/** A key that may be left out or left empty. @param description for editors */
export function setting<Schema extends z.ZodMiniType>(schema: Schema, description: string) {
  return described(z.nullish(schema), description);
}

function described<Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema {
  z.globalRegistry.add(schema, { description });
  return schema;
}

/** JSON Schema patterns have no flags: each letter in both cases. */
function notBoolean(words: readonly string[]): string {
  const anyCase = words.map((word) =>
    word.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`),
  );
  return `^(?!(?:${anyCase.join('|')})$)[\\s\\S]`;
}
