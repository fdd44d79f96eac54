/**
 * How long recordings must stay, and when they may go: the file that `ARCHIVE_RETENTION_FILE` names (docs/keeping.md). Pure: its text
 * becomes rules, or an error that says in which line what is wrong.
 */
import * as z from 'zod';
import { parseRulesFile, refuseRepeatedNames } from './rules-file.ts';

export const RETENTION_SCHEMA = 'genesys-media-archive/retention/v1';

/** As the catalogue names them. */
export const RETENTION_MEDIA = ['call', 'screen', 'chat', 'email', 'message'] as const;
export type RetentionMedium = (typeof RETENTION_MEDIA)[number];

/** Days of a year in the file: never less than any year of the calendar. */
const DAYS_OF_YEAR = 366;
/** S3 locks for 36,500 days at most, counted from the moment it is asked; a recording may be dated a little later. */
export const MAX_RETENTION_DAYS = 36_000;
const MAX_RULES = 200;

const days = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,4})[dy]$/, { error: 'is not a number of days or years, such as "90d" or "7y"' })
  .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('y') ? DAYS_OF_YEAR : 1))
  .refine((number) => number <= MAX_RETENTION_DAYS, {
    error: `is more than ${MAX_RETENTION_DAYS} days, which is the most that S3 locks for`,
  });

const ids = z
  .array(z.guid({ error: 'is not an id of the platform: a name may change, an id does not' }))
  .min(1, { error: 'is empty: leave it out, or name what it is for' })
  .transform((list) => list.map((id) => id.toLowerCase()));

const term = {
  keep: days,
  remove: days.refine((number) => number > 0, { error: 'is nothing: leave out what nothing removes' }),
};
const goesBeforeItMay = { error: 'is earlier than keep: what must stay cannot go', path: ['remove'] };
const isOrdered = ({ keep, remove }: { readonly keep: number; readonly remove?: number }) =>
  remove === undefined || remove >= keep;

const rule = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$/, {
      error: 'is not a name: 1 to 64 letters, digits, spaces or ._/-',
    }),
    media: z
      .array(z.enum(RETENTION_MEDIA, { error: `is none of ${RETENTION_MEDIA.join(', ')}` }))
      .min(1, { error: 'is empty: leave it out, or name what it is for' })
      .exactOptional(),
    queues: ids.exactOptional(),
    divisions: ids.exactOptional(),
    keep: term.keep,
    remove: term.remove.exactOptional(),
  })
  .refine(
    ({ media, queues, divisions }) => media !== undefined || queues !== undefined || divisions !== undefined,
    { error: 'has none of media, queues and divisions: what is for all stands in otherwise' },
  )
  .refine(isOrdered, goesBeforeItMay);

const fileSchema = z
  .strictObject({
    schema: z.literal(RETENTION_SCHEMA, { error: `is not "${RETENTION_SCHEMA}"` }),
    by: z.enum(['compliance', 'governance', 'tags'], { error: 'is none of compliance, governance, tags' }),
    rules: z.array(rule).max(MAX_RULES, { error: `has more than ${MAX_RULES} rules` }),
    otherwise: z
      .strictObject({ keep: term.keep, remove: term.remove.exactOptional() })
      .refine(isOrdered, goesBeforeItMay),
  })
  .superRefine(refuseRepeatedNames)
  .superRefine(({ rules }, context) => {
    for (const [index, { name }] of rules.entries()) {
      if (name === OTHERWISE)
        context.addIssue({
          code: 'custom',
          path: ['rules', index, 'name'],
          message: 'is kept for what no rule is for',
        });
    }
  });

/** What stands for the rule of all that no rule is for, where rules are named. */
export const OTHERWISE = 'otherwise';

/** `by`: Object Lock in a mode, or tags that lifecycle rules of the bucket read. Days count from the time of the recording. */
export type RetentionRules = Readonly<z.output<typeof fileSchema>>;
export type RetentionRule = RetentionRules['rules'][number];

/** @throws `RETENTION_FILE_INVALID` with line and path of each problem. */
export function parseRetentionFile(text: string, name: string): RetentionRules {
  return parseRulesFile(
    { schema: fileSchema, code: 'RETENTION_FILE_INVALID', kind: 'retention file' },
    text,
    name,
  );
}
