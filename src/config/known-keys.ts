/**
 * Keys of an `mcp_servers` entry that LiteLLM reads and we do not; `aws_*` comes on top.
 * https://github.com/BerriAI/litellm/blob/main/litellm/proxy/_experimental/mcp_server/mcp_server_manager.py
 */
export const LITELLM_KEYS: ReadonlySet<string> = new Set([
  'access_groups',
  'alias',
  'allow_all_keys',
  'allowed_params',
  'allowed_tools',
  'args',
  'audience',
  'auth_type',
  'auth_value',
  'authentication_token',
  'authorization_url',
  'available_on_public_internet',
  'client_id',
  'client_secret',
  'command',
  'description',
  'disallowed_tools',
  'env',
  'env_vars',
  'extra_headers',
  'instructions',
  'issuer',
  'mcp_info',
  'oauth2_flow',
  'registration_url',
  'scopes',
  'spec_path',
  'static_headers',
  'timeout',
  'token_url',
  'transport',
  'upstream_resource',
  'url',
]);

/** Whether a key of an entry is LiteLLM's: accepted silently, and never a misspelt key of ours. */
export function isLitellmKey(key: string): boolean {
  return LITELLM_KEYS.has(key) || key.startsWith('aws_');
}

/**
 * Whether a key may be shown. A line that lost its colon or its indentation can turn a secret
 * into a key, and few secrets are made of letters and `_` alone.
 */
export function mayShowKey(key: string): boolean {
  return LITELLM_KEYS.has(key) || /^[A-Za-z][A-Za-z_-]{0,31}$/.test(key);
}

/**
 * The name of a server as it may be shown: unlike other keys it may be anything, but what looks like a URL, or like a
 * key and value without their colon, is `…`.
 */
export function shownName(name: string): string {
  return /^[^\s@/?#=:]{1,64}$/.test(name) ? name : '…';
}
