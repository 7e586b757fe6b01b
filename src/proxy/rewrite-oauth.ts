import { formatAuthority } from '../authority.ts';
import { mapHeader } from './headers.ts';
import type { BodyFilter } from './exchange.ts';
import type { RewriteContext } from './rewrite.ts';

/** Metadata of a protected resource take a few hundred bytes: what is larger is none, and passes as it is. */
const maxBytes = 65_536;
const wellKnown = '/.well-known/oauth-protected-resource';

/** What OAuth documents are rewritten by, for `rewrite_oauth: true`. */
export interface OauthContext extends RewriteContext {
  /** `http://host:port` as the client has it. */
  readonly origin: string;
}

/** Whether a path at the server is that of its metadata (RFC 9728 section 3). */
export function isResourceMetadata(target: string): boolean {
  const path = target.replace(/\?.*$/s, '');
  return path === wellKnown || path.startsWith(`${wellKnown}/`);
}

/** `resource_metadata` of a challenge (RFC 9728 section 5.1), where it is on the server's own origin, as the client reaches it here. */
export function rewriteChallenge(raw: string[], context: OauthContext): string[] {
  return mapHeader(raw, 'www-authenticate', (value) =>
    value.replace(
      /(\bresource_metadata\s*=\s*)(?:"([^"]*)"|([^\s,"]+))/gi,
      (whole, name: string, quoted: string | undefined, bare: string | undefined) => {
        const local = localUrl(quoted ?? bare ?? '', context);
        return local === undefined ? whole : `${name}"${local}"`;
      },
    ),
  );
}

/** Takes a metadata document whole, and gives its `resource` the URL that the client uses: what it asks tokens for. */
export class MetadataFilter implements BodyFilter {
  readonly #context: OauthContext;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(context: OauthContext) {
    this.#context = context;
  }

  push(chunk: Buffer): { pass: Buffer } {
    if (this.#held === undefined) return { pass: chunk };
    const all = Buffer.concat([this.#held, chunk]);
    this.#held = all.length > maxBytes ? undefined : all;
    return { pass: this.#held === undefined ? all : Buffer.alloc(0) };
  }

  flush(): { pass: Buffer } {
    return { pass: this.#held === undefined ? Buffer.alloc(0) : rewriteDocument(this.#held, this.#context) };
  }
}

function rewriteDocument(bytes: Buffer, context: OauthContext): Buffer {
  try {
    const document: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof document !== 'object' || document === null || !('resource' in document)) return bytes;
    const { resource } = document;
    const local = typeof resource === 'string' ? localUrl(resource, context) : undefined;
    return local === undefined ? bytes : Buffer.from(JSON.stringify({ ...document, resource: local }));
  } catch {
    return bytes;
  }
}

/** A URL of the server's own origin as it is reached here; undefined for any other. */
function localUrl(
  written: string,
  { protocol, authority, server, origin }: OauthContext,
): string | undefined {
  const url = URL.parse(written);
  const own = URL.parse(`${protocol}://${formatAuthority(authority)}/`);
  if (url === null || own === null || url.origin !== own.origin) return undefined;
  const [, name, rest] = /^\/\.well-known\/([^/]+)(.*)$/.exec(url.pathname) ?? [];
  const path =
    name === undefined ? `/${server}${url.pathname}` : `/.well-known/${name}/${server}${rest ?? ''}`;
  return `${origin}${path}${url.search}`;
}
