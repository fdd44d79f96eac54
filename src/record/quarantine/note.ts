/**
 * Why an object is in quarantine, since when and for how long: one member of its metadata, which its mark and its receipt cover
 * (`docs/format.md`, section 22). Pure.
 */
import { canonicalMetadata } from '../../metadata-names.ts';
import type { ObjectStat } from '../../ports.ts';
import { DAY_MS } from '../../recording/time.ts';
import { MAX_QUARANTINE_DAYS } from './file.ts';
import { QUARANTINE_UNKNOWNS, type QuarantineDecision, type QuarantineReason } from './policy.ts';

export const QUARANTINE_NOTE = 'gca-quarantine';

/** Metadata have little room: more rules than these are counted. */
const MAX_REASONS = 3;

export interface QuarantineNote extends QuarantineDecision {
  /** Epoch ms. */
  readonly since: number;
  /** Of the event: which of the platform's APIs its reference is written with. */
  readonly dialect: 'media' | 'recordings';
  /** Rules that mark it as well, and have no room. */
  readonly others?: number;
}

/** Epoch ms by which a person is to decide. */
export const decideBy = ({ since, days }: Pick<QuarantineNote, 'since' | 'days'>): number =>
  since + days * DAY_MS;

/** e.g. `2026-05-20T09:00:00.000Z 30 recordings cards pii?annotations +1`. */
export function formatQuarantineNote({ since, days, dialect, reasons, others = 0 }: QuarantineNote): string {
  const shown = reasons.slice(0, MAX_REASONS);
  const more = reasons.length - shown.length + others;
  return [
    new Date(since).toISOString(),
    String(days),
    dialect,
    ...shown.map(({ rule, unknown }) => (unknown.length === 0 ? rule : `${rule}?${unknown.join(',')}`)),
    ...(more > 0 ? [`+${more}`] : []),
  ].join(' ');
}

/** `undefined` without a note, or for one in another form. */
export function readQuarantineNote(stat: Pick<ObjectStat, 'metadata'>): QuarantineNote | undefined {
  const text = canonicalMetadata(stat.metadata).metadata[QUARANTINE_NOTE];
  const [since = '', days = '', dialect, ...words] = (text ?? '').split(' ');
  const at = Date.parse(since);
  const number = Number(days);
  if (!Number.isFinite(at) || !Number.isInteger(number) || number < 1 || number > MAX_QUARANTINE_DAYS)
    return undefined;
  if (dialect !== 'media' && dialect !== 'recordings') return undefined;
  const last = /^\+([1-9]\d?)$/.exec(words.at(-1) ?? '');
  const reasons = (last === null ? words : words.slice(0, -1)).map(readReason);
  if (reasons.length === 0 || reasons.includes(undefined)) return undefined;
  const note: QuarantineNote = {
    since: at,
    days: number,
    dialect,
    reasons: reasons.filter((one) => one !== undefined),
    ...(last === null ? {} : { others: Number(last[1]) }),
  };
  // one spelling only
  return formatQuarantineNote(note) === text ? note : undefined;
}

function readReason(word: string): QuarantineReason | undefined {
  const [, rule = '', , list] = /^([A-Za-z0-9][A-Za-z0-9._-]{0,39})(\?([a-z,]+))?$/.exec(word) ?? [];
  if (rule === '') return undefined;
  const names = list === undefined ? [] : list.split(',');
  const unknown = QUARANTINE_UNKNOWNS.filter((name) => names.includes(name));
  return unknown.length === names.length ? { rule, unknown } : undefined;
}

/** In words, for people. */
export function describeReasons({ reasons, others = 0 }: Pick<QuarantineNote, 'reasons' | 'others'>): string {
  const words = reasons.map(({ rule, unknown }) =>
    unknown.length === 0 ? rule : `${rule} (${unknown.join(' and ')} not known)`,
  );
  return [...words, ...(others > 0 ? [`${others} more`] : [])].join(', ');
}
