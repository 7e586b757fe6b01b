/** Who has to act. */
export type Fault = 'server' | 'configuration' | 'network' | 'client';

/**
 * The closed list of causes: finer than FailureReason where the evidence tells more. The value says whose fault it
 * usually is; `none` stands for a target with nothing wrong.
 */
const faults = {
  none: undefined,
  // Nothing fails, and yet.
  strict_clients_refuse: 'server',
  expires_soon: 'server',
  verification_is_off: 'configuration',
  // The chain.
  missing_intermediate: 'server',
  self_signed_leaf: 'server',
  private_ca_not_in_bundle: 'configuration',
  other_bundle_fits: 'configuration',
  wrong_ca: 'configuration',
  intercepting_proxy: 'network',
  leaf_expired: 'server',
  intermediate_expired: 'server',
  anchor_expired: 'configuration',
  not_yet_valid: 'server',
  clock_wrong: 'client',
  name_mismatch: 'server',
  pin_mismatch: 'server',
  strict_defects: 'server',
  issuer_is_no_ca: 'server',
  path_length_exceeded: 'server',
  name_constraint_violated: 'server',
  wrong_purpose: 'server',
  unknown_critical_extension: 'server',
  broken_signature: 'server',
  weak_signature: 'server',
  weak_key: 'server',
  malformed_certificate: 'server',
  chain_rejected: 'server',
  // The handshake.
  client_certificate_required: 'configuration',
  client_certificate_refused: 'configuration',
  client_certificate_unshown: 'configuration',
  old_protocol: 'server',
  no_common_cipher: 'server',
  not_tls: 'configuration',
  handshake_refused: 'server',
  handshake_broken_off: 'network',
  handshake_stalled: 'server',
  // The way there.
  name_unresolved: 'network',
  connection_refused: 'server',
  no_route: 'network',
  connection_timeout: 'network',
  address_prohibited: 'configuration',
  upstream_proxy_refused: 'network',
  upstream_proxy_unusable: 'network',
  // The configuration.
  configuration_unusable: 'configuration',
  denied: 'configuration',
  // After the handshake.
  no_answer: 'server',
  broken_answer: 'server',
  not_mcp: 'server',
  internal: 'client',
} as const satisfies Record<string, Fault | undefined>;

export type Cause = keyof typeof faults;

/** Whose fault a cause usually is; undefined for `none`. */
export const faultOf: Readonly<Record<Cause, Fault | undefined>> = faults;

export const causes = Object.keys(faults) as readonly Cause[];
