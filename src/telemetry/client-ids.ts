import { headerValues, type RawHeaders } from '../upstream/raw-headers.ts';

/** What a client calls its request, to find it again in its own traces and logs. */
export interface ClientIds {
  /** W3C Trace Context: version, trace-id, parent-id and flags. */
  readonly traceparent: string | undefined;
  /** Its `X-Request-Id`. */
  readonly clientRequestId: string | undefined;
}

/**
 * Reads them where they are what they should be: a header is the client's text, and nothing else of it may enter the
 * log. One that came twice is none.
 */
export function readClientIds(raw: RawHeaders): ClientIds {
  const traceparent = onlyValue(raw, 'traceparent');
  const requestId = onlyValue(raw, 'x-request-id');
  return {
    traceparent: traceparent === undefined ? undefined : parseTraceparent(traceparent),
    clientRequestId: requestId !== undefined && requestIdForm.test(requestId) ? requestId : undefined,
  };
}

function onlyValue(raw: RawHeaders, name: string): string | undefined {
  const [value, second] = headerValues(raw, name);
  return second === undefined ? value : undefined;
}

/** UUIDs, hexadecimal, base64url, ULIDs, and what gateways make of host, counter and time. */
const requestIdForm = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** https://www.w3.org/TR/trace-context/#traceparent-header-field-values; a later version may append fields. */
const traceparentForm = /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** @returns the four fields that every version has; undefined where they are not there */
function parseTraceparent(value: string): string | undefined {
  const [, version, more] = traceparentForm.exec(value) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  return value.slice(0, '00-'.length + 32 + 1 + 16 + '-00'.length);
}
