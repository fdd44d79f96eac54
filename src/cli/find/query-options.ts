import { InvalidArgumentError } from 'commander';
import { ROW_STATES } from '../../catalogue/day/row-states.ts';
import { canonicalAddress } from '../../catalogue/search/keys.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import { dayOf } from '../../catalogue/places.ts';
import { ArchiveError } from '../../errors.ts';
import { isSafeId, shortenForMessage } from '../../recording/id.ts';
import { namesTime, readRange } from '../_context.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from '../options/option-types.ts';
import { collect, oneOf } from '../options/option-values.ts';

const MEDIA = ['call', 'screen', 'chat', 'email', 'message'];

/** One of some words, and may be repeated. */
const each = (...words: readonly string[]) => {
  const one = oneOf(...words);
  return Object.assign((value: string, previous: unknown) => collect(one(value), previous), {
    choices: words,
  });
};

/** `30s`, `5m`, `1h30m`, as ms. */
export function duration(value: string): number {
  const [, hours = '0', minutes = '0', seconds = '0'] =
    /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?$/.exec(value) ?? [];
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  if (value !== '' && /^[\dhms]+$/.test(value) && (ms > 0 || /^0[hms]$/.test(value))) return ms;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m or 1h30m.');
}

export const QUERY_OPTIONS = [
  {
    flags: '--conversation <ID>',
    description: 'of that conversation; may be repeated, as may most others',
    parse: collect,
  },
  { flags: '--recording <ID>', description: 'that recording', parse: collect },
  {
    flags: '--agent <ID|NAME>',
    description: 'id of a user; or a name, which opens the sealed files of people; NAME* is a beginning',
    parse: collect,
  },
  {
    flags: '--queue <ID|NAME>',
    description: 'queue, as it was called that day; NAME* is a beginning',
    parse: collect,
  },
  { flags: '--division <ID>', description: 'division', parse: collect },
  {
    flags: '--customer <NUMBER>',
    description: 'number (+4930…) or address of the other side',
    parse: collect,
  },
  { flags: '--company <ADDR>', description: 'our number or address' },
  { flags: '--direction <WORD>', description: 'inbound or outbound', parse: oneOf('inbound', 'outbound') },
  { flags: '--media <KIND>', description: 'call, screen, chat, email or message', parse: each(...MEDIA) },
  { flags: '--wrap-up <ID|NAME>', description: 'wrap-up code; NAME* is a beginning', parse: collect },
  { flags: '--from <DAY>', description: 'first day or time, UTC, e.g. 2026-05-01 or 2026-05-01T08:00:00Z' },
  { flags: '--to <DAY>', description: 'last day or time, UTC' },
  { flags: '--min-duration <TIME>', description: 'at least as long, e.g. 30s', parse: duration },
  { flags: '--max-duration <TIME>', description: 'at most as long, e.g. 1h', parse: duration },
  { flags: '--state <STATE>', description: `one of: ${ROW_STATES.join(', ')}`, parse: each(...ROW_STATES) },
  { flags: '--on-hold', description: 'only what a hold is on' },
  { flags: '--no-hold', description: 'only what no hold is on' },
] as const satisfies readonly OptionSpec[];

/** What `find` and `--where` take; `hold` is false with `--no-hold`. */
export type QueryOptions = Partial<OptionsOf<typeof QUERY_OPTIONS>>;

/** @throws `USAGE`. */
export function queryOf(ids: readonly string[], options: QueryOptions): SearchQuery {
  const { from, to } = readRange(options);
  const { minDuration, maxDuration, onHold = false, hold = true } = options;
  if (onHold && !hold) throw new ArchiveError('USAGE', '--on-hold and --no-hold exclude each other');
  if (minDuration !== undefined && maxDuration !== undefined && minDuration > maxDuration)
    throw new ArchiveError('USAGE', '--min-duration is longer than --max-duration');
  requireSaid(options);
  for (const id of [...ids, ...(options.conversation ?? []), ...(options.recording ?? [])]) requireId(id);
  for (const number of options.customer ?? []) requireAddress('--customer', number);
  if (options.company !== undefined) requireAddress('--company', options.company);
  const list = (values: readonly string[] | undefined) =>
    values === undefined ? undefined : [...new Set(values.map((value) => value.trim()))];
  const given = {
    ids: ids.length === 0 ? undefined : list(ids),
    conversations: list(options.conversation),
    recordings: list(options.recording),
    agents: list(options.agent),
    queues: list(options.queue),
    divisions: list(options.division),
    customers: list(options.customer),
    wrapUps: list(options.wrapUp),
    media: list(options.media),
    states: list(options.state),
    company: options.company,
    direction: options.direction,
    minDurationMs: minDuration,
    maxDurationMs: maxDuration,
    onHold: onHold ? true : hold ? undefined : false,
    from: from === undefined ? undefined : dayOf(from),
    to: to === undefined ? undefined : dayOf(to),
    fromTime: namesTime(options.from) ? from : undefined,
    toTime: namesTime(options.to) ? to : undefined,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as SearchQuery;
}

/** A variable of a shell that is not set makes an empty value, which nothing has: an answer to it would be an answer to another question. */
function requireSaid(options: QueryOptions): void {
  for (const { flags } of QUERY_OPTIONS) {
    const [, name = ''] = /^--([a-z-]+) </.exec(flags) ?? [];
    const attribute = name.replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    const value: unknown = options[attribute as keyof QueryOptions];
    const isEmpty = (one: unknown) => typeof one === 'string' && one.trim() === '';
    if (!(Array.isArray(value) ? value.some(isEmpty) : isEmpty(value))) continue;
    throw new ArchiveError('USAGE', `--${name} is empty`, {
      hint: 'leave it out, or say what to look for; a variable of the shell may not be set',
    });
  }
}

/** Keys are looked at where the layout is known. */
function requireId(id: string): void {
  if (isSafeId(id.trim()) || id.includes('/')) return;
  throw new ArchiveError('USAGE', `${shortenForMessage(id)} is not an id of a recording or a conversation`, {
    hint: 'ids have 1 to 128 letters, digits, dots, hyphens and underscores; names go with --agent, --queue or --wrap-up',
  });
}

function requireAddress(flag: '--customer' | '--company', stated: string): void {
  const address = canonicalAddress(stated);
  // our side of a message may be any word that an integration is called by
  if (address !== undefined && (flag === '--company' || /^\+?\d+$|@|:/.test(address))) return;
  throw new ArchiveError('USAGE', `${flag} is neither a number nor an address`, {
    hint: 'write a number with its country, such as +4930123456, or an address such as kim@example.com',
  });
}
