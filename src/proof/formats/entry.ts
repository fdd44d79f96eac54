/** A leaf of the log: one line of text, which names no recording. docs/proof.md, "Entries". */
import { createHash } from 'node:crypto';
import { parseDay } from '../../recording/time.ts';

/** Of receipts: what `kind` of a receipt may be. */
export const RECEIPT_KINDS = ['archived', 'adopted', 'completed', 'terminal'] as const;

export const ENTRY_KINDS = [...RECEIPT_KINDS, 'erasure', 'key', 'statement'] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface Entry {
  readonly kind: EntryKind;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  /** Of the object that is logged, byte for byte: 64 lower-case hex digits. */
  readonly sha256: string;
}

const ENTRY = /^([a-z]+) (\d{4}-\d{2}-\d{2}) ([0-9a-f]{64})\n$/;

/** Returns `KIND DAY SHA256` and a line feed. */
export function formatEntry({ kind, day, sha256 }: Entry): string {
  return `${kind} ${day} ${sha256}\n`;
}

/** `undefined` for every text that {@link formatEntry} could not have written. */
export function parseEntry(text: string): Entry | undefined {
  const [, name, day = '', sha256 = ''] = ENTRY.exec(text) ?? [];
  const kind = ENTRY_KINDS.find((known) => known === name);
  return kind === undefined || parseDay(day) === undefined ? undefined : { kind, day, sha256 };
}

/** Puts the entries of a seal in order: by kind as listed above, day and hash, so that the order tells nothing. Statements follow them. */
export function sortEntries(entries: readonly Entry[]): readonly Entry[] {
  const keyOf = (entry: Entry) => `${ENTRY_KINDS.indexOf(entry.kind)} ${entry.day} ${entry.sha256}`;
  const keyed = entries.map((entry) => ({ entry, key: keyOf(entry) }));
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ entry }) => entry);
}

/** Returns SHA-256 in hex. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
