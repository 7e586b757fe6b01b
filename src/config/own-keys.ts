import { hostSettingsSchema, nestedSchemas, serverTlsSchema, settingsSchema } from './schema.ts';

/** The keys of `mcp_tls_sidecar` that hold further keys, `hosts` aside, with those. */
export const NESTED_KEYS: readonly (readonly [key: string, nested: readonly string[]])[] = Object.entries(
  nestedSchemas,
).map(([key, { shape }]) => [key, Object.keys(shape)]);

/** Every key of ours at any level: what their values hold may be shown. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(settingsSchema.shape),
  ...NESTED_KEYS.flatMap(([, nested]) => nested),
  ...Object.keys(hostSettingsSchema.shape),
  ...Object.keys(serverTlsSchema.shape),
]);
