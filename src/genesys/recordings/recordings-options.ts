import type { RecordingKind } from '../../recording/facts.ts';
import type { FetchOptions } from './fetch.ts';
import type { FileFetcher } from './look.ts';
import type { RestoreWave } from './restore-wave.ts';

/** How the recordings of a conversation are looked for. */
export interface RecordingsOptions extends FetchOptions {
  readonly kinds: ReadonlySet<RecordingKind>;
  /** ms after the end of a conversation before the platform is asked: recordings come minutes later, and not all at once. */
  readonly settleMs: number;
  /** ms after the end of a conversation from which what is missing counts as missing. */
  readonly horizonMs: number;
  /** Brings archived recordings back, which may cost and takes hours. */
  readonly restoreArchived: boolean;
  /** Asks for all files of a conversation at once, in the format they were recorded in. */
  readonly batch: boolean;
  /** Says of each file when its conversation began, which costs one more call. */
  readonly describeConversation: boolean;
  /** How many may be brought back at once; absent: as many as are met. */
  readonly restores?: RestoreWave | undefined;
  /** Fetches the files of the recordings that are wanted, in their order; absent: each conversation by itself. */
  readonly fetchFiles?: FileFetcher | undefined;
}
