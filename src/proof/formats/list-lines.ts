/** The lists that a statement commits to: one line for each recording, and a root over them. Ids stand here and nowhere else. */
import * as z from 'zod';
import { parseForeignJson } from '../../json.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { HASH_BYTES, leafHash, rootOf } from './merkle.ts';

const text = z.string().min(1).max(256);

const line = z.strictObject({
  conversation: text,
  media: text,
  /** 128 random bits, in hex: without them nothing can be confirmed by guessing once the line is redacted. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  reason: text.exactOptional(),
  recording: text,
  /** ISO 8601, UTC, where the platform states it. */
  started: text.exactOptional(),
  state: text,
});

/** What is left of a line that was erased: the root still comes out. */
const redacted = z.strictObject({ leaf: z.string().regex(/^[0-9a-f]{64}$/) });

export type ListLine = z.output<typeof line>;
export type RedactedLine = z.output<typeof redacted>;

export interface List {
  /** In the order of the list, without line feeds. */
  readonly lines: readonly string[];
  /** Hex. */
  readonly root: string;
}

/** Sorts lines by what they say, and hashes them. What was erased is redacted from the beginning. */
export function makeList(entries: readonly ListLine[]): List {
  const keyed = entries.map((entry) => ({
    key: `${entry.conversation}\0${entry.recording}\0${entry.media}`,
    text: entry.reason === 'erased' ? redactLine(canonicalJson(entry)) : canonicalJson(entry),
  }));
  const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
  keyed.sort((one, other) => compare(one.key, other.key) || compare(one.text, other.text));
  const lines = keyed.map((each) => each.text);
  return { lines, root: listRoot(lines) };
}

/** Returns the RFC 6962 root, in hex, over the lines; one that was erased counts with the leaf that it names. */
export function listRoot(lines: readonly string[]): string {
  return rootOf(lines.map((each) => redactedLeaf(each) ?? leafHash(Buffer.from(each)))).toString('hex');
}

/** Returns what takes the place of a line that is erased. */
export function redactLine(text: string): string {
  return redactedLeaf(text) === undefined
    ? canonicalJson({ leaf: leafHash(Buffer.from(text)).toString('hex') })
    : text;
}

/** `undefined` for what is no line of a list, in its one spelling. */
export function parseLine(json: string): ListLine | RedactedLine | undefined {
  const value = parseForeignJson(json);
  const parsed = z.safeParse(z.union([line, redacted]), value);
  return parsed.success && canonicalJson(parsed.data) === json ? parsed.data : undefined;
}

function redactedLeaf(json: string): Buffer | undefined {
  if (!json.startsWith('{"leaf":"') || json.length !== '{"leaf":""}'.length + 2 * HASH_BYTES)
    return undefined;
  const parsed = parseLine(json);
  return parsed !== undefined && 'leaf' in parsed ? Buffer.from(parsed.leaf, 'hex') : undefined;
}
