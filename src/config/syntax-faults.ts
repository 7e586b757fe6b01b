import type { ErrorCode } from 'yaml';
import { Fault } from './fault.ts';

const QUOTE_IT = 'put the value in quotes';
const INDENT = 'line the keys of one mapping up with spaces';

/**
 * The parser's own messages quote source lines, secrets included, so only its codes are used.
 * https://github.com/eemeli/yaml/blob/v2.9.1/src/errors.ts
 */
const SYNTAX_FAULTS: Record<ErrorCode, Fault> = {
  ALIAS_PROPS: new Fault('an alias has an anchor or a tag of its own', 'remove the anchor or the tag'),
  BAD_ALIAS: new Fault('an alias is malformed', 'write * and the name of an anchor'),
  BAD_COLLECTION_TYPE: new Fault('a tag does not fit its value', 'remove the tag'),
  BAD_DIRECTIVE: new Fault(
    'a % directive is malformed',
    'remove the line; a value that begins with % needs quotes',
  ),
  BAD_DQ_ESCAPE: new Fault(
    'a text in double quotes has an escape that YAML does not know',
    'use single quotes, in which a backslash is a backslash',
  ),
  BAD_INDENT: new Fault(
    'the indentation does not fit, or a [ or { above is not closed',
    `${INDENT}, and close each [ and {`,
  ),
  BAD_PROP_ORDER: new Fault('an anchor or a tag stands in the wrong place', 'put it right before its value'),
  BAD_SCALAR_START: new Fault('a value begins with a character that YAML reserves', QUOTE_IT),
  BLOCK_AS_IMPLICIT_KEY: new Fault(
    'a second ": " stands on the line, or the indentation does not fit',
    `${QUOTE_IT}, or ${INDENT}`,
  ),
  BLOCK_IN_FLOW: new Fault(
    'a block stands inside [] or {}',
    'write it without [] and {}, or wholly with them',
  ),
  DUPLICATE_KEY: new Fault('a key is written twice', 'keep one of the two'),
  IMPOSSIBLE: new Fault('the YAML does not parse', INDENT),
  KEY_OVER_1024_CHARS: new Fault('a key is longer than 1024 characters', 'is a colon missing, or a quote?'),
  MISSING_CHAR: new Fault(
    'a colon, comma, space, quote or closing bracket is missing',
    'look at this line and at the one before it',
  ),
  MULTILINE_IMPLICIT_KEY: new Fault('a key goes over several lines', `is a colon missing? else ${INDENT}`),
  MULTIPLE_ANCHORS: new Fault('a value has two anchors', 'keep one of the two'),
  MULTIPLE_DOCS: new Fault(
    'the file holds more than one YAML document',
    'keep one document: remove the --- and what follows',
  ),
  MULTIPLE_TAGS: new Fault('a value has two tags', 'keep one of the two'),
  NON_STRING_KEY: new Fault('a key is no text', 'put the key in quotes'),
  RESOURCE_EXHAUSTION: new Fault('the YAML is nested too deeply', 'write it flatter'),
  TAB_AS_INDENT: new Fault(
    'a tab stands where the indentation is',
    'indent with spaces: YAML allows no tabs there',
  ),
  TAG_RESOLVE_FAILED: new Fault('a tag is malformed', 'remove the tag'),
  UNEXPECTED_TOKEN: new Fault(
    'something stands here that does not belong to YAML',
    `${QUOTE_IT}, or ${INDENT}`,
  ),
};

/** What to say about a syntax error. */
export function syntaxFault(code: ErrorCode): Fault {
  return SYNTAX_FAULTS[code];
}
