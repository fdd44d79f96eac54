/** The signed report of one restore drill: `drills/YYYY/MM/DD.json`. It names receipts by their hash, and no recording. */
import { verify } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../../json.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { parseDay } from '../../recording/time.ts';
import { sha256Hex as hashOf } from '../formats/entry.ts';
import { MAX_TREE_SIZE } from '../formats/merkle.ts';
import { decodeBase64, type NoteKey } from '../formats/note.ts';
import { MAX_SAMPLE } from './sample-size.ts';
import { present } from '../../present.ts';

export const DRILL_SCHEMA = 'genesys-media-archive/drill/v1';
export const DRILL_PREFIX = 'drills/';

/** Bytes: 1,000 recordings of about 250. */
export const MAX_REPORT_BYTES = 1_048_576;

const count = z.int().min(0);
const position = z.int().min(0).max(MAX_TREE_SIZE);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });
const day = z.string().refine((value) => parseDay(value) !== undefined);
const code = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/);

const drilled = z.strictObject({
  /** Its entry in the log. */
  index: position,
  day,
  /** SHA-256 of the receipt object, as the entry has it. */
  receipt: sha256Hex,
  /**
   * `restored`: decrypted to its end, authenticated, and what the receipt states. `failed`: it cannot be restored, or is something else.
   * `erased`: a tombstone names it. `expired`: a rule of retention had let it go. `unknown`: it could not be looked at, which says nothing about it.
   */
  result: z.enum(['restored', 'failed', 'erased', 'expired', 'unknown']),
  /** Of the recording. */
  bytes: count.exactOptional(),
  /** What length and hash were compared with. */
  compared: z.enum(['plaintext', 'ciphertext']).exactOptional(),
  /** `decoded`: its container is whole. `doubtful`: the container states something else. `hashed`: of a format that is not decoded. */
  content: z
    .strictObject({
      state: z.enum(['decoded', 'doubtful', 'hashed']),
      format: z.string().regex(/^[a-z0-9]{1,16}$/),
    })
    .exactOptional(),
  problem: z.strictObject({ step: z.enum(['receipt', 'open', 'restore', 'compare']), code }).exactOptional(),
});

export type DrilledRecording = z.output<typeof drilled>;

const counts = z.strictObject({
  drawn: count,
  restored: count,
  failed: count,
  erased: count,
  /** Absent without any. */
  expired: count.min(1).exactOptional(),
  unknown: count,
  decoded: count,
  doubtful: count,
  hashed: count,
  bytes: count,
});

const report = z.strictObject({
  schema: z.literal(DRILL_SCHEMA),
  organization: text,
  origin: text,
  /** On which it began; its key. */
  day,
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  /** What decides the sample. */
  checkpoint: z.strictObject({ size: position, root: z.string().regex(/^[A-Za-z0-9+/]{43}=$/) }),
  sample: z.strictObject({ count: z.int().min(1).max(MAX_SAMPLE), day: day.exactOptional() }),
  store: text,
  began: time,
  ended: time,
  counts,
  recordings: z.array(drilled).max(MAX_SAMPLE),
  signature: z.strictObject({ id: z.string().regex(/^[0-9a-f]{8}$/), value: text }),
});

export type DrillReport = z.output<typeof report>;
export type UnsignedReport = Omit<DrillReport, 'signature'>;

/** Drills of one day whose reports are kept. */
export const MAX_DRILLS_A_DAY = 99;

export interface DrillOfDay {
  readonly day: string;
  /** From 1. */
  readonly number: number;
}

/** Returns where the report of a day's first drill stands, or of a later one. */
export function drillKey(day: string, number = 1): string {
  return `${DRILL_PREFIX}${day.replaceAll('-', '/')}${number === 1 ? '' : `-${number}`}.json`;
}

/** Returns what a report's key names. */
export function parseDrillKey(key: string): DrillOfDay | undefined {
  const [, year, month, date, number = '1'] =
    /^drills\/(\d{4})\/(\d{2})\/(\d{2})(?:-([2-9]|[1-9]\d))?\.json$/.exec(key) ?? [];
  const day = `${year}-${month}-${date}`;
  return parseDay(day) === undefined ? undefined : { day, number: Number(number) };
}

/** Returns the name of the keys that sign the drills of a log: another one than the log's, so that neither passes for the other. */
export function drillKeyName(origin: string): string {
  return `${origin}/drills`;
}

/** Returns what is signed. No checkpoint, and no staged seal, begins with this line. */
export function drillText(unsigned: UnsignedReport): string {
  return `${DRILL_SCHEMA}\n${hashOf(canonicalJson(unsigned))}\n`;
}

export function formatReport(value: DrillReport): Buffer {
  return Buffer.from(`${canonicalJson(value)}\n`);
}

/** `undefined` for what is no report in its one spelling. */
export function parseReport(json: string): DrillReport | undefined {
  const result = z.safeParse(report, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}

/** `unknown-key` says nothing about the report. */
export function checkReportSignature(
  { signature, ...unsigned }: DrillReport,
  keys: readonly NoteKey[],
): 'valid' | 'invalid' | 'unknown-key' {
  const name = drillKeyName(unsigned.origin);
  const key = keys.find((each) => each.name === name && each.id === signature.id);
  if (key === undefined) return 'unknown-key';
  const bytes = decodeBase64(signature.value);
  const isValid = bytes !== undefined && verify(null, Buffer.from(drillText(unsigned)), key.publicKey, bytes);
  return isValid ? 'valid' : 'invalid';
}

/** Counts what became of the recordings of a drill. */
export function countDrilled(recordings: readonly DrilledRecording[]): DrillReport['counts'] {
  const having = (isMeant: (each: DrilledRecording) => boolean) => recordings.filter(isMeant).length;
  return {
    drawn: recordings.length,
    restored: having(({ result }) => result === 'restored'),
    failed: having(({ result }) => result === 'failed'),
    erased: having(({ result }) => result === 'erased'),
    ...present({ expired: having(({ result }) => result === 'expired') || undefined }),
    unknown: having(({ result }) => result === 'unknown'),
    decoded: having(({ content }) => content?.state === 'decoded'),
    doubtful: having(({ content }) => content?.state === 'doubtful'),
    hashed: having(({ content }) => content?.state === 'hashed'),
    bytes: recordings.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
  };
}
