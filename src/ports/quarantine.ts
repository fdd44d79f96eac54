/** What rules of quarantine know of a recording. */
import type { RecordingKind } from '../recording/facts.ts';

/** `undefined`: not known. An empty list: it is known that there was none. */
export interface QuarantineFacts {
  readonly media: RecordingKind | undefined;
  /** Ids. */
  readonly queues: readonly string[] | undefined;
  /** Ids. */
  readonly divisions: readonly string[] | undefined;
  /** Types, reasons and names of the recording's annotations, in any letter case. */
  readonly annotations: readonly string[] | undefined;
}

/** What the platform has to be asked for. */
export type AskedFact = Exclude<keyof QuarantineFacts, 'media'>;
