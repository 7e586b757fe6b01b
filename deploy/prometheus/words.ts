import { defectWords } from '../../src/doctor/defect-words.ts';
import { failureTable, handshakeFailureReasons } from '../../src/failure.ts';

/** `server "x"`, as descriptions begin. */
export const server = 'MCP server "{{ $labels.server }}"';

/** Where to look: the sidecar that says so. */
export const sidecar = 'the sidecar at {{ $labels.instance }}';

/** The time until (or since) something, of an expression that yields seconds. */
export const duration = '{{ $value | humanizeDuration }}';

/** What a failed handshake's `reason` means, in the words that the sidecar itself uses. */
export const reasonSentence = chooseBy(
  'reason',
  handshakeFailureReasons.map((reason) => [reason, failureTable[reason].sentence]),
);

/** What to do about it. */
export const reasonHint = chooseBy(
  'reason',
  handshakeFailureReasons.map((reason) => [reason, failureTable[reason].hint]),
);

/** What is wrong with a certificate, after "a certificate of its chain". */
export const defectSentence = chooseBy(
  'defect',
  Object.entries(defectWords).map(([defect, { words }]) => [defect, words]),
);

const unverified = 'mcp_tls_sidecar_unverified_handshakes_total{server=%[1]q,reason!=\\"none\\"}';

// A series that begins at 1 has not increased: what was not there a day ago counts as it is.
const hiddenInADay = `sum by (reason) (increase(${unverified}[1d]) > 0 or (${unverified} unless ${unverified} offset 1d))`;

/** What `ssl_verify: false` hid in the last day. */
export const hiddenReasons =
  `{{ with printf "${hiddenInADay}" $labels.server | query }}` +
  'In the last day verification would have refused it for{{ range . }} {{ .Labels.reason }}{{ end }}.' +
  '{{ else }}Nothing that verification would have refused was seen in the last day.{{ end }}';

/** A template that turns the value of a label into words; a value that it does not know stands for itself. */
function chooseBy(label: string, words: readonly (readonly [string, string])[]): string {
  const branches = words.map(([value, text]) => `if eq $labels.${label} "${value}" }}${text}`);
  return `{{ ${branches.join('{{ else ')}{{ else }}{{ $labels.${label} }}{{ end }}`;
}
