/** What a plan saw on its way; the dry run prints it. */
export class PlanCounts {
  /** Conversations that the source named. */
  conversations = 0;
  /** Without a recording of a wanted kind, as far as the source knows. */
  notRecorded = 0;
  /** Which go on, so that their recordings are not complete. */
  stillOpen = 0;
  /** Recordings, or files, that the archive has already. */
  archived = 0;
  /** Items of the plan. */
  items = 0;
  /** Recordings of those items, where the source names them. */
  recordings = 0;
  /** Bytes of those items, where the source knows them. */
  bytes = 0;
  /** Named twice. */
  repeated = 0;
  /** Of an export: transcripts and other files that are no recordings. */
  others = 0;
  /** Days whose data were not complete when they were listed, and until when they went (epoch ms). */
  readonly lateDays: { readonly day: string; readonly until: number | undefined }[] = [];
  /** Lines that are no ids: their numbers, at most {@link MAX_NAMED_LINES} of them, and how many there are. */
  readonly invalid: { readonly line: number; readonly problem: string }[] = [];
  invalidLines = 0;
  /** Recordings that were named without a conversation, and that the platform's inventory does not list. */
  readonly unresolved: string[] = [];
  unresolvedIds = 0;

  noteInvalid(line: number, problem: string): void {
    this.invalidLines += 1;
    if (this.invalid.length < MAX_NAMED_LINES) this.invalid.push({ line, problem });
  }

  noteUnresolved(recordingId: string): void {
    this.unresolvedIds += 1;
    if (this.unresolved.length < MAX_NAMED_LINES) this.unresolved.push(recordingId);
  }
}

/** Lines and ids that are named; the rest is counted. */
export const MAX_NAMED_LINES = 20;
