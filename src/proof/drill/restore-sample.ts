/** Restores recordings for real, and keeps nothing of them: the plaintext is hashed and decoded as it passes. */
import { createHash } from 'node:crypto';
import { type CheckedPorts, openChecked } from '../../audit/open-checked.ts';
import { restoreChecked } from '../../audit/read-recording.ts';
import type { Budget } from '../../clock.ts';
import { ERROR_CODES } from '../../error-codes.ts';
import { toArchiveError } from '../../errors.ts';
import type { EnvelopeReader } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import { readErasures } from '../day/erasures.ts';
import type { DrawnEntry } from './draw-sample.ts';
import type { DrilledRecording } from './drill-report.ts';
import { type LocatedReceipt, locateReceipts } from './locate-receipts.ts';
import { forEachOf } from '../../for-each-of.ts';

/** Looks at the content of one recording as it passes. */
export interface ContentDecoder {
  push(chunk: Uint8Array): void;
  /** After the last byte. */
  verdict(): NonNullable<DrilledRecording['content']>;
}

export interface RestoringPorts extends CheckedPorts {
  readonly layout: Layout;
  readonly reader: EnvelopeReader;
  readonly createDecoder: () => ContentDecoder;
}

/** Recordings that are restored at a time: one waits for the store while another is decrypted. */
const WIDTH = 4;

/**
 * @param onRecording told of each with its key, where that is known, as it is done.
 * @throws `STORE_*` when the archive cannot be listed; what is wrong with a recording is a result.
 */
export async function restoreSample(
  ports: RestoringPorts,
  sample: readonly DrawnEntry[],
  onRecording: (recording: DrilledRecording, key: string | undefined) => void,
  budget: Budget,
): Promise<readonly DrilledRecording[]> {
  const located = new Map<string, LocatedReceipt>();
  for (const [day, wanted] of groupByDay(sample)) {
    for (const [sha256, found] of await locateReceipts(ports, { day, wanted }, budget))
      located.set(sha256, found);
  }
  const isGone = sample.some(({ sha256 }) => !located.has(sha256));
  const erasures = isGone
    ? await readErasures({ store: ports.store, receiptKeys: ports.keys ?? new Map() }, budget)
    : new Map();
  const erased = new Set<string>();
  for (const known of erasures.values())
    for (const { receipt } of known) if (receipt !== undefined) erased.add(receipt);
  const results: DrilledRecording[] = [];
  await forEachOf(sample.entries(), WIDTH, async ([at, { index, day, sha256 }]) => {
    const found = located.get(sha256);
    const entry = { index, day, receipt: sha256 };
    const gone = erased.has(sha256)
      ? ({ ...entry, result: 'erased' } as const)
      : ({ ...entry, result: 'failed', problem: { step: 'receipt', code: 'OBJECT_NOT_FOUND' } } as const);
    const recording = found === undefined ? gone : { ...entry, ...(await restoreOne(ports, found, budget)) };
    results[at] = recording;
    onRecording(recording, found?.key);
  });
  return results;
}

function groupByDay(sample: readonly DrawnEntry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const days = new Map<string, Set<string>>();
  for (const { day, sha256 } of sample) days.set(day, (days.get(day) ?? new Set()).add(sha256));
  return days;
}

type Restored = Omit<DrilledRecording, 'index' | 'day' | 'receipt'>;

async function restoreOne(
  ports: RestoringPorts,
  { key, receipt }: LocatedReceipt,
  budget: Budget,
): Promise<Restored> {
  let step: 'open' | 'restore' = 'open';
  const hash = createHash('sha256');
  const decoder = ports.createDecoder();
  let bytes = 0;
  try {
    const checked = await openChecked(ports, key, budget);
    step = 'restore';
    const target = {
      write: (chunk: Uint8Array) => {
        bytes += chunk.byteLength;
        hash.update(chunk);
        decoder.push(chunk);
        return Promise.resolve();
      },
      commit: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
    await restoreChecked(ports, checked, target, budget);
  } catch (error) {
    const { code, retryable } = toArchiveError(error);
    // its receipt stays
    if (code === 'RECORDING_ERASED') return { result: 'erased' };
    if (code === 'RECORDING_EXPIRED') return { result: 'expired' };
    // keys and stores that refuse say nothing about the recording; integrity and absence do
    const isFinding = !retryable && (ERROR_CODES[code].exit === 5 || ERROR_CODES[code].exit === 6);
    return { result: isFinding ? 'failed' : 'unknown', problem: { step, code } };
  }
  const { plaintext } = receipt;
  const content = decoder.verdict();
  // compared here once more, with the receipt that the log holds: the archive's own word is what the drill is about
  const differs =
    plaintext !== undefined && (plaintext.bytes !== bytes || plaintext.sha256 !== hash.digest('hex'));
  if (differs)
    return { result: 'failed', bytes, content, problem: { step: 'compare', code: 'RECEIPT_MISMATCH' } };
  return {
    result: 'restored',
    bytes,
    compared: plaintext === undefined ? 'ciphertext' : 'plaintext',
    content,
  };
}
