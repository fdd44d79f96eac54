/** What is stated about one day: what the platform says was recorded, what the archive holds, and why the two differ. */
import * as z from 'zod';
import { parseForeignJson } from '../../json.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { parseDay } from '../../recording/time.ts';
import { sha256Hex as sha256 } from './entry.ts';
import { MAX_TREE_SIZE } from './merkle.ts';
import { type DifferenceState, IS_REASON } from './reasons.ts';
import { MAX_ENTRY_BYTES } from './tiles.ts';

export const STATEMENT_SCHEMA = 'genesys-media-archive/statement/v1';

/** Bytes. */
export const MAX_STATEMENT_BYTES = MAX_ENTRY_BYTES;

const count = z.int().min(0);
const position = z.int().min(0).max(MAX_TREE_SIZE);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const base64Hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });
const day = z.string().refine((value) => parseDay(value) !== undefined);
const name = z.string().regex(/^[a-z][a-z-]{0,31}$/);
const counts = z.record(name, count);
const code = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/);

const earlier = z.strictObject({ index: position, sha256: sha256Hex });
const list = z.strictObject({ count, root: sha256Hex });

const difference = (state: DifferenceState) =>
  z.strictObject({ total: count, byReason: z.record(z.string().refine(IS_REASON[state]), count) });

const archive = z.strictObject({
  /** Distinct recordings whose objects were seen in the store, and that are not erased. */
  recordings: count,
  /** Entries of the day in the log, before this statement: the sum of the four kinds. */
  receipts: count,
  archived: count,
  adopted: count,
  completed: count,
  terminal: count,
  /** Erasures are counted beside receipts, never subtracted. */
  erased: count,
  /** Receipts among them without a signature. */
  unsigned: count,
  /** Receipts that were seen and must not be logged, by what is wrong with them. */
  refused: z.strictObject({ total: count, byReason: counts }),
  /** Of the objects that were seen. */
  bytes: count,
  /** For people; decides nothing. */
  store: text,
  /**
   * `listed`: objects of the day, and `receipts` of them. `absent`: receipts that promise an object that was not seen. `compared`: objects whose size was
   * compared with their receipt, and `sizeDiffers` of them are of another. `expired`: receipts whose object is gone, and had been let go by
   * the rule of retention that was applied to it; absent without any.
   */
  objects: z.strictObject({
    listed: count,
    receipts: count,
    absent: count,
    expired: count.min(1).exactOptional(),
    withoutReceipt: count,
    compared: count,
    sizeDiffers: count,
  }),
});

/** What the access log has of the day; a later revision lists what an earlier one does, and what came since. */
const access = z.strictObject({
  list,
  /** Of those that are listed: no longer in the store. */
  missing: count,
  /** Objects that were seen there and can be no entry: by their name or size. */
  refused: count,
});

const unreadable = z.strictObject({ unavailable: z.strictObject({ code }) });

const visibility = z.strictObject({
  /** `all`; the ids of the divisions the client sees; or `unknown`, where it could not be asked. */
  divisions: z.union([z.enum(['all', 'unknown']), z.array(text).max(500)]),
  permissions: z.array(text).max(50),
});

const available = z.strictObject({
  method: text,
  /** Host. */
  api: text,
  organization: text.exactOptional(),
  client: text.exactOptional(),
  /** SHA-256 of the query, as it was sent. */
  query: sha256Hex,
  interval: text,
  jobId: text.exactOptional(),
  /** The platform says that its data are complete up to here. */
  dataAvailableUntil: time.exactOptional(),
  asked: time,
  finished: time,
  pages: count,
  visibility,
  conversations: count,
  recordings: count,
  byMedia: counts,
  byDivision: z.record(text, count).exactOptional(),
  /** Recordings that belong to no conversation. */
  orphans: count.exactOptional(),
  /** What was not asked, or refused: each by its name. */
  notAsked: z.record(name, z.string().regex(/^[a-z-]{1,40}$/)).exactOptional(),
  list,
});

const unavailable = z.strictObject({ unavailable: z.strictObject({ code, asked: time }) });

const perMedia = z.strictObject({ both: count, excluded: count, missing: count, pending: count });

const differences = z.strictObject({
  both: count,
  missing: difference('missing'),
  pending: difference('pending'),
  excluded: difference('excluded'),
  unexpected: difference('unexpected'),
  byMedia: z.record(name, perMedia),
  list,
});

const statement = z.strictObject({
  schema: z.literal(STATEMENT_SCHEMA),
  organization: text,
  day,
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  revision: count,
  status: z.enum(['provisional', 'final']),
  /** With `final` after 35 days only: what was still open then. */
  open: z.array(z.enum(['pending', 'source-late', 'source-unavailable'])).exactOptional(),
  log: z.strictObject({
    origin: text,
    index: position,
    /** Entries of this seal before its first statement. */
    from: position,
    to: position,
    before: z.strictObject({ size: position, root: base64Hash }),
    /** The days that the log covers without a gap once this statement is in it. */
    first: day,
    through: day,
  }),
  previous: earlier.exactOptional(),
  supersedes: earlier.exactOptional(),
  archive,
  source: z.union([available, unavailable]),
  differences: differences.exactOptional(),
  /** SHA-256 of the canonical JSON of `rules`, and what they say. */
  policy: z.strictObject({
    sha256: sha256Hex,
    rules: z.record(name, z.union([z.string(), z.boolean(), z.number()])),
  }),
  clock: z.strictObject({ local: time, store: time.exactOptional() }),
  /** The newest time that a third party has put on an earlier checkpoint. */
  anchors: z
    .array(z.strictObject({ kind: name, name: text, size: position, time: time.exactOptional() }))
    .max(20)
    .exactOptional(),
  /** Days that were looked at again, and are as their last revision states. */
  looked: z.array(day).max(400).exactOptional(),
  /** Restore drills since the statement before; `newest` is the SHA-256 of the last report. */
  drills: z
    .strictObject({ reports: count, recordings: count, failed: count, newest: sha256Hex })
    .exactOptional(),
  /** Who looked at what. Absent in logs of versions that did not look. */
  access: z.union([access, unreadable]).exactOptional(),
});

export type Statement = z.output<typeof statement>;
export type StatedSource = z.output<typeof available>;
export type ArchiveFacts = z.output<typeof archive>;
export type AccessFacts = z.output<typeof access>;
export type Differences = z.output<typeof differences>;

/** Returns the bytes that are stored and logged: canonical JSON and a line feed. */
export function formatStatement(value: Statement): Buffer {
  return Buffer.from(`${canonicalJson(value)}\n`);
}

/** `undefined` for what is no statement of this version in its one spelling. */
export function parseStatement(json: string): Statement | undefined {
  if (Buffer.byteLength(json) > MAX_STATEMENT_BYTES) return undefined;
  const result = z.safeParse(statement, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}

/** JSON Schema (draft 2020-12) of a statement, for `docs/`. */
export function statementJsonSchema(): unknown {
  return z.toJSONSchema(statement, { unrepresentable: 'any' });
}

/**
 * Returns the equations that a statement breaks, each in words; none of them needs anything but the statement.
 * docs/proof.md, "Equations".
 */
export function brokenEquations(stated: Statement): readonly string[] {
  const { archive, source, differences, log, policy } = stated;
  const broken: string[] = [];
  const hold = (isHeld: boolean, equation: string) => {
    if (!isHeld) broken.push(equation);
  };
  const { archived, adopted, completed, terminal } = archive;
  hold(
    archive.receipts === archived + adopted + completed + terminal,
    'receipts = archived + adopted + completed + terminal',
  );
  hold(archive.refused.total === sum(archive.refused.byReason), 'refused.total = sum of refused.byReason');
  hold(archive.objects.sizeDiffers <= archive.objects.compared, 'objects.sizeDiffers ≤ objects.compared');
  hold(
    log.from <= log.to && log.to <= log.index && log.before.size <= log.from,
    'log: before ≤ from ≤ to ≤ index',
  );
  hold(log.first <= log.through, 'log: first ≤ through');
  hold(policy.sha256 === sha256(canonicalJson(policy.rules)), 'policy.sha256 = SHA-256 of policy.rules');
  const { access } = stated;
  if (access !== undefined && 'list' in access)
    hold(access.missing <= access.list.count, 'access.missing ≤ access.list.count');
  const isAsked = !('unavailable' in source);
  hold(isAsked === (differences !== undefined), 'differences, if and only if the source was asked');
  if (!isAsked || differences === undefined) return broken;
  const { both, missing, pending, excluded, unexpected, byMedia } = differences;
  hold(
    source.recordings === both + excluded.total + pending.total + missing.total,
    'source.recordings = both + excluded + pending + missing',
  );
  hold(archive.recordings === both + unexpected.total, 'archive.recordings = both + unexpected');
  for (const [state, { total, byReason }] of Object.entries({ missing, pending, excluded, unexpected })) {
    hold(total === sum(byReason), `${state}.total = sum of ${state}.byReason`);
  }
  hold(source.recordings === sum(source.byMedia), 'source.recordings = sum of source.byMedia');
  hold(source.list.count === source.recordings, 'source.list.count = source.recordings');
  const exceptions = missing.total + pending.total + excluded.total + unexpected.total;
  hold(
    differences.list.count === exceptions,
    'differences.list.count = missing + pending + excluded + unexpected',
  );
  for (const media of new Set([...Object.keys(byMedia), ...Object.keys(source.byMedia)])) {
    const each = byMedia[media] ?? { both: 0, excluded: 0, missing: 0, pending: 0 };
    const all = each.both + each.excluded + each.missing + each.pending;
    hold(
      all === (source.byMedia[media] ?? 0),
      `source.byMedia.${media} = both + excluded + pending + missing`,
    );
  }
  return broken;
}

const sum = (values: Readonly<Record<string, number>>) =>
  Object.values(values).reduce((total, value) => total + value, 0);
