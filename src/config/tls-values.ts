import { z } from 'zod/mini';
import { parseDateTime } from './date-time.ts';
import { Fault } from './fault.ts';
import { parsePin, PIN_HINT } from './pin.ts';
import { fail, reading, text, trustSchema } from './schema-values.ts';
import { parseVerifyWith, VERIFIES_NOTHING } from './ssl-verify.ts';

/** `tls.verify_with`. */
export const verifyWithSchema = z.pipe(
  z.union([z.literal(true), z.null(), trustSchema], {
    error: ({ input }) =>
      input === false
        ? fail(VERIFIES_NOTHING.message, VERIFIES_NOTHING.hint)
        : fail('is neither true, a path nor PEM text', 'write true, a path or PEM text'),
  }),
  reading(parseVerifyWith),
);

/** A public key's SHA-256; an editor takes a variable in its place. */
export const pinSchema = text(
  parsePin,
  fail("is no base64 of a public key's SHA-256", PIN_HINT),
  '^(?:os\\.environ/.+|(?:sha256//?)?[A-Za-z0-9+/]{43}=)$',
);

/** A moment with its offset. */
export const dateTimeSchema = text(
  parseDateTime,
  fail('is no date and time with an offset', 'write it as RFC 3339 does, e.g. 2026-12-31T00:00:00Z'),
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$',
);

const MAX_LINE = 500;
const LINE = `^.{1,${MAX_LINE}}$`;

/** One line that people read, in logs and on terminals. */
export const lineSchema = text(
  (line) => {
    if (line.trim() === '') return new Fault('is empty', 'write a few words, or remove the line');
    if (/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(line))
      return new Fault('has a line break or another control character', 'write one line of plain text');
    // Characters, not UTF-16 units: JSON Schema counts them so too.
    if (new RegExp(LINE, 'u').test(line)) return line;
    return new Fault(`is longer than ${MAX_LINE} characters`, 'write less, e.g. the number of a ticket');
  },
  fail('is no text', 'put it in quotes'),
  LINE,
);
