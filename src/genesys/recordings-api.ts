import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type {
  MediaItem,
  MediaResolver,
  PendingRecording,
  RecordingsRequest,
  Resolution,
  TerminalRecording,
} from '../ports.ts';
import { parseRecordingTime } from '../recording-time.ts';
import { type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { type RecordingAnswer, readRecordings } from './recordings-answers.ts';
import { requestBatch } from './recordings-batch.ts';
import { type Found, fetchRecording } from './recordings-fetch.ts';
import {
  type AudioFormat,
  type RecordingKind,
  RESTORING_WAIT_MS,
  triage,
  waitForAppearance,
  wordOf,
} from './recordings-policy.ts';
import { parseJsonObject } from './responses.ts';

export interface RecordingsOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly format: AudioFormat;
  readonly kinds: ReadonlySet<RecordingKind>;
  /** ms after the end of a conversation before which nobody is asked: recordings come minutes later, and not all at once. */
  readonly settleMs: number;
  /** ms after the end of a conversation from which what is missing counts as missing. */
  readonly horizonMs: number;
  /** Brings archived recordings back, which may cost and takes hours. */
  readonly restoreArchived: boolean;
  /** Asks for all files of a conversation at once, in the format they were recorded in. */
  readonly batch: boolean;
}

/** Recordings of one conversation that are asked for at a time; the rate budget is shared anyway. */
const CONCURRENCY = 4;

/** How long a recording that is brought back stays, ms: longer than a queue keeps a message by default (4 days). */
const RESTORED_FOR_MS = 7 * 86_400_000;

/**
 * The published API: `recordingmetadata` lists the recordings of a conversation, then each one that is wanted is asked for with
 * `download=true` until its file has been made. What is not there yet is `pending`, what never will be is `terminal`; neither
 * keeps the others from being archived.
 */
export function createRecordingsApi(options: RecordingsOptions): MediaResolver {
  return {
    async resolve(request, budget): Promise<Resolution> {
      if (request.dialect !== 'recordings') {
        throw new ArchiveError(
          'EVENT_INVALID',
          'the event names no conversationId, which this dialect of the API needs',
        );
      }
      return new Look(options, request, budget).resolve();
    },
  };
}

/** One look at one conversation. */
class Look {
  private readonly options: RecordingsOptions;
  private readonly request: RecordingsRequest;
  private readonly budget: Budget;
  private readonly pending: PendingRecording[] = [];
  private readonly terminal: TerminalRecording[] = [];
  private endedAt: number | undefined;

  constructor(options: RecordingsOptions, request: RecordingsRequest, budget: Budget) {
    this.options = options;
    this.request = request;
    this.budget = budget;
    this.endedAt = request.endedAt;
  }

  async resolve(): Promise<Resolution> {
    const { settleMs, kinds, batch } = this.options;
    const { recordingId } = this.request;
    const age = this.age();
    if (recordingId === undefined && age !== undefined && age < settleMs) {
      return this.answer([], [{ recordingId, status: 'settling', retryAfterMs: settleMs - age }]);
    }
    const listed = await this.list();
    if ('state' in listed) return listed;
    const relevant = listed.filter(({ id }) => recordingId === undefined || id === recordingId);
    if (relevant.length === 0) {
      await this.learnEnd();
      return this.isOverdue() ? this.answerMissing() : this.answer([], [this.later('no recording yet')]);
    }
    const wanted: RecordingAnswer[] = [];
    for (const recording of relevant) {
      if (kinds.has(recording.kind) && (await this.isWanted(recording))) wanted.push(recording);
    }
    const found = batch ? await this.fetchBatch(wanted) : await this.fetchEach(wanted);
    const items: MediaItem[] = [];
    for (const [at, one] of found.entries()) {
      const recording = wanted[at];
      if (recording !== undefined) items.push(...(await this.sort(recording, one)));
    }
    return this.answer(items);
  }

  private answer(items: readonly MediaItem[], more: readonly PendingRecording[] = []): Resolution {
    return { state: 'ready', items, pending: [...this.pending, ...more], terminal: this.terminal };
  }

  /** Nothing to archive is a fine answer for a conversation, but not for a recording that somebody has named. */
  private answerMissing(): Resolution {
    const { recordingId } = this.request;
    return recordingId === undefined
      ? this.answer([])
      : { state: 'gone', reason: `the conversation has no recording ${recordingId}` };
  }

  private async list(): Promise<readonly RecordingAnswer[] | Resolution> {
    const { conversationId } = this.request;
    const what = `recordings of conversation ${conversationId}`;
    const answer = await this.options.api.call(
      { method: 'GET', path: ['api', 'v2', 'conversations', conversationId, 'recordingmetadata'] },
      this.budget,
    );
    if (answer.status === 404) {
      await this.learnEnd();
      if (!this.isOverdue()) return this.answer([], [this.later('conversation not found')]);
      return {
        state: 'gone',
        reason: `conversation not found (404): ${explainRefusal('listRecordings', answer) ?? ''}`,
      };
    }
    if (answer.status === 202) return this.answer([], [this.later('accepted')]);
    const listed = answer.status === 200 ? readRecordings(answer.text) : undefined;
    if (listed === undefined) throw unexpectedAnswer(what, answer, explainRefusal('listRecordings', answer));
    return listed;
  }

  /** Is a file to be had now? If not, says so in `pending` or `terminal`. */
  private async isWanted(recording: RecordingAnswer): Promise<boolean> {
    switch (triage(recording.fileState)) {
      case 'fetch':
        return true;
      case 'wait':
        await this.wait(recording);
        return false;
      case 'restore':
        await this.restore(recording);
        return false;
      case 'deleted':
        this.terminate(recording, 'deleted');
        return false;
      case 'error':
        this.terminate(recording, 'error');
        return false;
    }
  }

  private async fetchEach(wanted: readonly RecordingAnswer[]): Promise<readonly Found[]> {
    const found: Found[] = [];
    const queue = wanted.entries();
    const work = async () => {
      for (const [at, recording] of queue) {
        found[at] = await fetchRecording(this.options, this.request.conversationId, recording, this.budget);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, wanted.length) }, work));
    return found;
  }

  private async fetchBatch(wanted: readonly RecordingAnswer[]): Promise<readonly Found[]> {
    const { conversationId } = this.request;
    const items = wanted.map(({ id }) => ({ conversationId, recordingId: id }));
    const results = await requestBatch(this.options, items, this.budget);
    return wanted.map(({ id }) => results.get(id) ?? { state: 'left-out' });
  }

  /** The items of a recording whose file there is; else one more entry in `pending` or `terminal`. */
  private async sort(recording: RecordingAnswer, found: Found): Promise<readonly MediaItem[]> {
    const { id: recordingId } = recording;
    switch (found.state) {
      case 'files':
        return found.items;
      case 'transcoding':
        this.pending.push({ recordingId, status: 'transcoding', retryAfterMs: found.retryAfterMs });
        return [];
      case 'no-file':
        if (found.recording !== undefined && triage(found.recording.fileState) !== 'fetch') {
          await this.isWanted(found.recording);
        } else if (await this.isArchivedStub(found.recording ?? recording)) {
          await this.restore(found.recording ?? recording);
        } else {
          await this.wait({ ...recording, fileState: found.status });
        }
        return [];
      case 'forbidden':
        this.terminate(recording, 'forbidden', found.hint);
        return [];
      case 'left-out':
        this.terminate(
          recording,
          'forbidden',
          'a batch download leaves out what the client may not see unredacted',
        );
        return [];
    }
  }

  /** A stub that says AVAILABLE although its file has been moved away; while it is young it may as well be about to appear. */
  private async isArchivedStub({ archiveDate, archiveMedium }: RecordingAnswer): Promise<boolean> {
    if (archiveMedium === undefined || archiveDate === undefined || archiveDate > this.now()) return false;
    await this.learnEnd();
    return this.isOverdue();
  }

  private async wait(recording: RecordingAnswer): Promise<void> {
    const { id: recordingId, fileState } = recording;
    const status = wordOf(fileState ?? 'no file');
    if (status === 'restoring') {
      this.pending.push({ recordingId, status, retryAfterMs: RESTORING_WAIT_MS });
      return;
    }
    await this.learnEnd();
    if (this.isOverdue()) this.terminate(recording, 'overdue');
    else this.pending.push({ ...this.later(status), recordingId });
  }

  private async restore(recording: RecordingAnswer): Promise<void> {
    const { api, restoreArchived, logger } = this.options;
    const { id: recordingId, deleteDate } = recording;
    const { conversationId } = this.request;
    if (!restoreArchived) {
      this.terminate(recording, 'archived', 'ARCHIVE_RESTORE_ARCHIVED=1 asks for it to be brought back');
      return;
    }
    const answer = await api.call(
      {
        method: 'PUT',
        path: ['api', 'v2', 'conversations', conversationId, 'recordings', recordingId],
        body: {
          archiveDate: new Date(this.now() + RESTORED_FOR_MS).toISOString(),
          ...(deleteDate === undefined ? {} : { deleteDate }),
        },
      },
      this.budget,
    );
    if (answer.status === 403) {
      this.terminate(recording, 'archived', explainRefusal('restoreRecording', answer));
      return;
    }
    if (answer.status !== 200 && answer.status !== 202) {
      throw unexpectedAnswer(`restoring recording ${recordingId}`, answer);
    }
    logger.log('debug', 'recording is being brought back from the archive', { recordingId, conversationId });
    this.pending.push({ recordingId, status: 'restoring', retryAfterMs: RESTORING_WAIT_MS });
  }

  private terminate(recording: RecordingAnswer, reason: TerminalRecording['reason'], hint?: string): void {
    this.terminal.push({
      ids: { recordingId: recording.id, conversationId: this.request.conversationId },
      reason,
      status: wordOf(recording.fileState ?? 'no file'),
      permanent: reason === 'deleted' || reason === 'error',
      ...(hint === undefined ? {} : { hint }),
    });
  }

  private later(status: string): PendingRecording {
    return { recordingId: this.request.recordingId, status, retryAfterMs: waitForAppearance(this.age()) };
  }

  private now(): number {
    return this.options.clock.now();
  }

  private age(): number | undefined {
    return this.endedAt === undefined ? undefined : Math.max(0, this.now() - this.endedAt);
  }

  /** Never, when nobody knows when the conversation ended: the queue has an end of its own. */
  private isOverdue(): boolean {
    return (this.age() ?? 0) >= this.options.horizonMs;
  }

  /** Where the request does not say when the conversation ended, the platform may. */
  private async learnEnd(): Promise<void> {
    if (this.endedAt !== undefined) return;
    const path = ['api', 'v2', 'conversations', this.request.conversationId];
    const answer = await this.options.api.call({ method: 'GET', path }, this.budget);
    if (answer.status === 200) this.endedAt = parseRecordingTime(parseJsonObject(answer.text)?.['endTime']);
  }
}
