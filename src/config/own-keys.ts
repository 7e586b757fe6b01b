import { hostSettingsSchema, serverTlsSchema, settingsSchema } from './schema.ts';

/** The keys of `mcp_tls_sidecar` that hold further keys, `hosts` aside. */
export const NESTED_SETTINGS = ['ca', 'timeouts', 'limits', 'log'] as const;

/** The keys of one of `NESTED_SETTINGS`. */
export function keysOfNested(key: (typeof NESTED_SETTINGS)[number]): string[] {
  return Object.keys(settingsSchema.shape[key].unwrap().unwrap().shape);
}

/** Every key of ours at any level: what their values hold may be shown. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(settingsSchema.shape),
  ...NESTED_SETTINGS.flatMap(keysOfNested),
  ...Object.keys(hostSettingsSchema.shape),
  ...Object.keys(serverTlsSchema.shape),
]);
