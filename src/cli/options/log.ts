import { ACCESS_ACTIONS } from '../../record/access-actions.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber, oneOf, collect } from './option-values.ts';
import { FROM, TO } from './shared.ts';

const ENTRY_FORMAT = oneOf('table', 'csv', 'jsonl');
const ACTION = oneOf(...ACCESS_ACTIONS);

const REASON = { flags: '--reason <TEXT>', description: 'why; stands in the access log' } as const;

/** What commands that show entries take, besides the action. */
const ENTRY_OPTIONS = [
  FROM,
  TO,
  {
    flags: '--format <WORD>',
    description: 'table (default), csv or jsonl',
    parse: ENTRY_FORMAT,
  },
  {
    flags: '--limit <N>',
    description: 'at most so many (default for a table 100)',
    parse: wholeNumber(1, 100_000_000),
  },
] as const satisfies readonly OptionSpec[];

export const AUDIT_OPTIONS = [
  {
    flags: '--person <NAME|ID>',
    description: 'a part of the name of a user, or the id of a user or client',
  },
  {
    flags: '--action <WORD>',
    description: 'as the platform names it, e.g. Download, Export, Delete; may be repeated',
    parse: collect,
  },
  ...ENTRY_OPTIONS,
  REASON,
  { flags: '--by <NAME>', description: 'who you are (default: user and host)' },
  { flags: '--day <DAY>', description: 'update: that day in UTC, whether it is fresh or not' },
  { flags: '--anew', description: 'update: also days that are fresh' },
] as const satisfies readonly OptionSpec[];
export type AuditOptions = OptionsOf<typeof AUDIT_OPTIONS>;

export const ACCESS_OPTIONS = [
  { flags: '--person <NAME>', description: 'a part of the name, in any case' },
  {
    flags: '--action <WORD>',
    description: `one of ${ACCESS_ACTIONS.join(', ')}`,
    parse: ACTION,
  },
  ...ENTRY_OPTIONS,
  REASON,
  { flags: '--by <NAME>', description: 'who you are (default: user and host)' },
] as const satisfies readonly OptionSpec[];
export type AccessOptions = OptionsOf<typeof ACCESS_OPTIONS>;
