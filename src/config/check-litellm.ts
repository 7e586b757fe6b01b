import { findPair, isUnset } from './located.ts';
import type { LocatedMap } from './located.ts';
import type { Report } from './report.ts';

/**
 * LiteLLM's process-wide `litellm_settings.ssl_verify` is never obeyed, and says so where it could mislead: `true` asks
 * for what is the default here too.
 */
export function checkLitellmSettings(root: LocatedMap, report: Report): void {
  const pair = findPair(findPair(root, 'litellm_settings')?.value, 'ssl_verify');
  if (pair === undefined || isUnset(pair.value)) return;
  if (pair.value.kind === 'scalar' && pair.value.value === true) return;
  report.add({
    severity: 'warning',
    position: pair.keyPosition,
    message: "litellm_settings.ssl_verify is LiteLLM's own and has no effect here",
    hint: 'write ssl_verify in an entry of mcp_servers, or for all of them at mcp_tls_sidecar.ssl_verify',
  });
}
