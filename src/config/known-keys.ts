/**
 * Keys of an `mcp_servers` entry that LiteLLM reads and we do not; `aws_*` comes on top.
 * https://github.com/BerriAI/litellm/blob/main/litellm/proxy/mcp_server/mcp_server_manager.py (`MCPServerConfig`)
 */
export const LITELLM_KEYS: ReadonlySet<string> = new Set([
  'access_groups',
  'alias',
  'allow_all_keys',
  'allow_elicitation',
  'allow_sampling',
  'allowed_params',
  'allowed_tools',
  'args',
  'audience',
  'auth_type',
  'auth_value',
  'authentication_token',
  'authorization_url',
  'available_on_public_internet',
  'client_assertion_signing_alg',
  'client_id',
  'client_private_key',
  'client_private_key_id',
  'client_secret',
  'command',
  'dcr_bridge',
  'delegate_auth_to_upstream',
  'description',
  'disallowed_tools',
  'env',
  'env_vars',
  'extra_headers',
  'id_jag_resource',
  'id_jag_resource_client_id',
  'id_jag_resource_client_secret',
  'id_jag_resource_token_endpoint',
  'id_jag_subject_source',
  'instructions',
  'issuer',
  'max_concurrent_requests',
  'mcp_info',
  'oauth2_flow',
  'oauth_identity_binding',
  'oauth_passthrough',
  'per_server_oauth_discovery',
  'pinned_tools',
  'protocol_version',
  'registration_url',
  'rpm',
  'scopes',
  'server_id',
  'spec_path',
  'static_headers',
  'subject_token_type',
  'timeout',
  'token_endpoint_auth_method',
  'token_exchange_endpoint',
  'token_exchange_profile',
  'token_url',
  'token_validation',
  'transport',
  'upstream_resource',
  'upstream_token_header',
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
