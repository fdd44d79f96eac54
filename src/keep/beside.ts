import { INSTRUCTION_SUFFIX } from '../record/instruction-file.ts';
import { contextKey, receiptKey, TRANSCRIPT_STATUSES, transcriptKey } from '../record/object-key.ts';

/** Keys of what stands beside an object, besides its receipt, as far as it is there: it holds data about people. */
export function partsBeside(key: string): readonly string[] {
  const transcripts = TRANSCRIPT_STATUSES.map((status) => transcriptKey(key, status));
  return [key + INSTRUCTION_SUFFIX, contextKey(key), ...transcripts];
}

/** The same with the receipt: all that a lock is set on together with the object. */
export function lockedBeside(key: string): readonly string[] {
  return [receiptKey(key), ...partsBeside(key)];
}
