/** Which recordings wait in quarantine: the file that `ARCHIVE_QUARANTINE` names, or is (docs/keeping.md). Pure. */
import * as z from 'zod';
import { RECORDING_KINDS } from '../../recording/facts.ts';
import { parseRulesFile, refuseRepeatedNames } from '../rules-file.ts';

export const QUARANTINE_SCHEMA = 'genesys-media-archive/quarantine/v1';

/** Days that a person has to decide in. */
export const MAX_QUARANTINE_DAYS = 366;
const MAX_RULES = 50;

const notEmpty = { error: 'is empty: leave it out, or name what it is for' };

const ids = z
  .array(z.guid({ error: 'is not an id of the platform: a name may change, an id does not' }))
  .min(1, notEmpty)
  .transform((list) => list.map((id) => id.toLowerCase()));

const days = z
  .string()
  .regex(/^[1-9]\d{0,2}d$/, { error: 'is not a number of days from 1d to 366d, such as "30d"' })
  .transform((text) => Number(text.slice(0, -1)))
  .refine((number) => number <= MAX_QUARANTINE_DAYS, { error: `is more than ${MAX_QUARANTINE_DAYS} days` });

/** Members that say what a rule is for; all that a rule has must fit. */
const CRITERIA = ['media', 'queues', 'divisions', 'annotations', 'securePause'] as const;

const rule = z
  .strictObject({
    // it stands in the metadata of objects
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, {
      error: 'is not a name: 1 to 40 letters, digits or ._-',
    }),
    media: z
      .array(z.enum(RECORDING_KINDS, { error: `is none of ${RECORDING_KINDS.join(', ')}` }))
      .min(1, notEmpty)
      .exactOptional(),
    queues: ids.exactOptional(),
    divisions: ids.exactOptional(),
    annotations: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'is no type of annotation' }))
      .min(1, notEmpty)
      .transform((list) => list.map((type) => type.toLowerCase()))
      .exactOptional(),
    securePause: z.literal('missing', { error: 'is not "missing"' }).exactOptional(),
    for: days,
    unknown: z.enum(['quarantine', 'pass'], { error: 'is none of quarantine, pass' }).default('quarantine'),
  })
  .refine((one) => CRITERIA.some((name) => one[name] !== undefined), {
    error: `has none of ${CRITERIA.join(', ')}: say what it is for`,
  });

const fileSchema = z
  .strictObject({
    schema: z.literal(QUARANTINE_SCHEMA, { error: `is not "${QUARANTINE_SCHEMA}"` }),
    rules: z.array(rule).max(MAX_RULES, { error: `has more than ${MAX_RULES} rules` }),
  })
  .superRefine(refuseRepeatedNames);

/** No rules: nothing is put into quarantine, and what is there is still found. */
export type QuarantineRules = Readonly<z.output<typeof fileSchema>>;
export type QuarantineRule = QuarantineRules['rules'][number];

/** @throws `QUARANTINE_FILE_INVALID` with line and path of each problem. */
export function parseQuarantineFile(text: string, name: string): QuarantineRules {
  return parseRulesFile(
    { schema: fileSchema, code: 'QUARANTINE_FILE_INVALID', kind: 'quarantine file' },
    text,
    name,
  );
}
