/** The small objects of the log besides statements: where it begins, what a seal holds, and how a key changes. */
import { verify } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../../json.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { parseDay } from '../../recording/time.ts';
import { sha256Hex } from './entry.ts';
import { MAX_TREE_SIZE } from './merkle.ts';
import type { NoteKey } from './note.ts';

const position = z.int().min(0).max(MAX_TREE_SIZE);
const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const day = z.string().refine((value) => parseDay(value) !== undefined);

const logFile = z.strictObject({
  schema: z.literal('genesys-media-archive/log/v1'),
  organization: text,
  origin: text,
  /** The first day that the log states. */
  first: day,
  vkey: text,
  /** A key that is kept offline: it may sign the first note of a key that takes the place of one that was lost. */
  recoveryVkey: text.exactOptional(),
  created: time,
});

export type LogFile = z.output<typeof logFile>;

const keyFile = z.strictObject({
  schema: z.literal('genesys-media-archive/log-key/v1'),
  organization: text,
  /** The key that signs beside, and then in place of, the one before. */
  vkey: text,
  replaces: text,
  at: time,
});

export type KeyFile = z.output<typeof keyFile>;

const sealFile = z.strictObject({
  schema: z.literal('genesys-media-archive/seal/v1'),
  organization: text,
  origin: text,
  from: position,
  to: position,
  /** Base64, of the tree of `to` leaves. */
  root: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** Without their line feeds. */
  entries: z.array(z.string().max(100)).min(1),
  /** What is stored besides: statements, changes of keys. */
  objects: z.array(z.strictObject({ key: text, text: z.string().max(65_535) })),
  signature: z.strictObject({ id: z.string().regex(/^[0-9a-f]{8}$/), value: base64 }),
});

export type SealFile = z.output<typeof sealFile>;
export type UnsignedSeal = Omit<SealFile, 'signature'>;

/** Returns canonical JSON and a line feed. */
export function formatRecord(record: LogFile | KeyFile | SealFile): string {
  return `${canonicalJson(record)}\n`;
}

export const parseLogFile = (json: string): LogFile | undefined => parse(logFile, json);
export const parseKeyFile = (json: string): KeyFile | undefined => parse(keyFile, json);
export const parseSealFile = (json: string): SealFile | undefined => parse(sealFile, json);

function parse<T>(schema: z.ZodType<T>, json: string): T | undefined {
  const result = z.safeParse(schema, parseForeignJson(json));
  // one form only: what was signed and hashed has no other
  return result.success && `${canonicalJson(result.data as never)}\n` === json ? result.data : undefined;
}

/** Returns what the log's key signs of a staged seal. No checkpoint begins with this line: no origin may. */
export function sealText(seal: UnsignedSeal): string {
  return `genesys-media-archive/seal/v1\n${sha256Hex(canonicalJson(seal))}\n`;
}

/** Reports whether a staged seal was signed with one of the log's keys. */
export function isSealSigned({ signature, ...seal }: SealFile, keys: readonly NoteKey[]): boolean {
  const key = keys.find(({ id, name }) => id === signature.id && name === seal.origin);
  const bytes = Buffer.from(signature.value, 'base64');
  if (key === undefined || bytes.toString('base64') !== signature.value) return false;
  return verify(null, Buffer.from(sealText(seal)), key.publicKey, bytes);
}
