/** A configuration file: JSON is YAML. */
export function configText(
  servers: Readonly<Record<string, object>>,
  settings: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ mcp_servers: servers, mcp_tls_sidecar: settings });
}
