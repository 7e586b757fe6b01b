const BOOLEAN = /^(?:(yes|Yes|YES|true|True|TRUE|on|On|ON)|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** What a scalar is once read. Dates stay text: no key of ours holds one. */
export type ScalarValue = string | number | boolean | null;

/**
 * The value of a plain (unquoted) scalar as PyYAML's SafeLoader sees it, because LiteLLM reads the same file with
 * it: https://github.com/yaml/pyyaml/blob/6.0.2/lib/yaml/resolver.py#L170. Unlike YAML 1.1's own list, PyYAML's
 * booleans do not include `y` and `n`.
 */
export function resolvePlainScalar(text: string): ScalarValue {
  const boolean = BOOLEAN.exec(text);
  if (boolean !== null) return boolean[1] !== undefined;
  if (NULL.test(text)) return null;
  if (INTEGER.test(text)) return readInteger(text);
  if (FLOAT.test(text)) return readFloat(text);
  return text;
}

function readInteger(text: string): number {
  const { sign, digits } = splitSign(text);
  if (digits.includes(':')) return sign * readBase60(digits);
  if (/^0[bx]/.test(digits)) return sign * Number(digits);
  return sign * Number.parseInt(digits, digits.length > 1 && digits.startsWith('0') ? 8 : 10);
}

function readFloat(text: string): number {
  const { sign, digits } = splitSign(text.toLowerCase());
  if (digits === '.inf') return sign * Infinity;
  if (digits === '.nan') return NaN;
  return sign * (digits.includes(':') ? readBase60(digits) : Number(digits));
}

function splitSign(text: string): { sign: 1 | -1; digits: string } {
  return { sign: text.startsWith('-') ? -1 : 1, digits: text.replace(/^[-+]/, '').replaceAll('_', '') };
}

function readBase60(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
