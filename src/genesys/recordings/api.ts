import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type {
  FailedRecording,
  MediaItem,
  MediaResolver,
  PendingRecording,
  RecordingsRequest,
  Resolution,
  TerminalRecording,
} from '../../ports.ts';
import { present } from '../../present.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import { isSameId } from '../../recording/id.ts';
import type { ApiAnswer } from '../api-client.ts';
import type { RecordingAnswer } from './answers.ts';
import { factsOf, type Found, requestRestore } from './fetch.ts';
import { listRecordings } from './listing.ts';
import { fetchAlone, standAlone } from './look.ts';
import type { RecordingsOptions } from './recordings-options.ts';
import { extensionOf } from './file-formats.ts';
import { QUEUED_FOR_RESTORE, RESTORING_WAIT_MS, triage, waitForAppearance, wordOf } from './states.ts';
import { readConversation, requireConversationFacts } from '../conversation-facts.ts';

type Ready = Extract<Resolution, { state: 'ready' }>;

/**
 * The published API: `recordingmetadata` lists the recordings of a conversation, then each one that is wanted is asked for with
 * `download=true` until its file has been made. What is not there yet is `pending`, what never will be is `terminal`, what was answered
 * wrongly is `failed`; none of them keeps the others from being archived.
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
  readonly #options: RecordingsOptions;
  readonly #request: RecordingsRequest;
  readonly #budget: Budget;
  readonly #pending: PendingRecording[] = [];
  readonly #terminal: TerminalRecording[] = [];
  readonly #failed: FailedRecording[] = [];
  #endedAt: number | undefined;
  #asked: Promise<ApiAnswer> | undefined;

  constructor(options: RecordingsOptions, request: RecordingsRequest, budget: Budget) {
    this.#options = options;
    this.#request = request;
    this.#budget = budget;
    this.#endedAt = request.endedAt;
  }

  async resolve(): Promise<Resolution> {
    const { settleMs, kinds } = this.#options;
    const { recordingId } = this.#request;
    const age = this.#age();
    if (recordingId === undefined && age !== undefined && age < settleMs) {
      return this.#answer([], [{ recordingId, status: 'settling', retryAfterMs: settleMs - age }]);
    }
    const relevant = await this.#list();
    if ('state' in relevant) return relevant;
    if (relevant.length === 0 && this.#failed.length === 0) {
      await this.#learnEnd();
      return this.#isOverdue() ? this.#answerMissing() : this.#answer([], [this.#later('no recording yet')]);
    }
    const wanted: RecordingAnswer[] = [];
    for (const recording of relevant) {
      if (!kinds.has(recording.kind)) continue;
      if (await this.#alone(recording, () => this.#isWanted(recording))) wanted.push(recording);
    }
    const fetch = this.#options.fetchFiles ?? fetchAlone(this.#options);
    const found = await fetch(this.#request.conversationId, wanted, this.#budget);
    const items: MediaItem[] = [];
    for (const [at, one] of found.entries()) {
      const recording = wanted[at];
      if (recording === undefined) continue;
      items.push(...((await this.#alone(recording, () => this.#sort(recording, one))) ?? []));
    }
    return this.#options.describeConversation ? this.#described(items) : this.#answer(items);
  }

  /** The answer, with what is known of the conversation wherever something will be kept. */
  async #described(items: readonly MediaItem[]): Promise<Resolution> {
    const terminal = this.#terminal;
    if (items.length + terminal.length === 0) return this.#answer(items);
    const conversation = requireConversationFacts(
      await this.#askConversation(),
      this.#request.conversationId,
    );
    const describe = <T>(one: T) => ({ ...one, conversation });
    return { ...this.#answer(items.map(describe)), terminal: terminal.map(describe) };
  }

  #answer(items: readonly MediaItem[], more: readonly PendingRecording[] = []): Ready {
    const terminal = this.#terminal;
    const failed = this.#failed;
    const pending = [...this.#pending, ...more];
    return { state: 'ready', items, pending, terminal, ...(failed.length === 0 ? {} : { failed }) };
  }

  /** Nothing to archive is a fine answer for a conversation, but not for a recording that the event names. */
  #answerMissing(): Resolution {
    const { recordingId } = this.#request;
    return recordingId === undefined
      ? this.#answer([])
      : { state: 'gone', reason: `the conversation has no recording ${recordingId}` };
  }

  async #list(): Promise<readonly RecordingAnswer[] | Resolution> {
    const { conversationId, recordingId } = this.#request;
    const { api, organizationId } = this.#options;
    const listing = await listRecordings(api, { conversationId, organizationId }, this.#budget);
    switch (listing.state) {
      case 'not-found':
        await this.#learnEnd();
        if (!this.#isOverdue()) return this.#answer([], [this.#later('conversation not found')]);
        return { state: 'gone', reason: `conversation not found (404): ${listing.hint ?? ''}` };
      case 'accepted':
        return this.#answer([], [this.#later('accepted')]);
      case 'listed': {
        const relevant = listing.recordings.filter(
          ({ id }) => recordingId === undefined || isSameId(id, recordingId),
        );
        // what cannot be read may be the recording that is asked for
        if (recordingId === undefined || relevant.length === 0) this.#failed.push(...listing.failed);
        return relevant;
      }
    }
  }

  /** Reports whether a file is available now; if not, says why in `pending` or `terminal`. */
  async #isWanted(recording: RecordingAnswer): Promise<boolean> {
    switch (triage(recording.fileState)) {
      case 'fetch':
        this.#options.restores?.leave(recording.id);
        return true;
      case 'wait':
        await this.#wait(recording);
        return false;
      case 'restore':
        await this.#restore(recording);
        return false;
      case 'deleted':
        this.#terminate(recording, 'deleted');
        return false;
      case 'error':
        this.#terminate(recording, 'error');
        return false;
    }
  }

  /** What goes wrong with one recording is said of it, and keeps none of the others back. */
  async #alone<T>({ id }: RecordingAnswer, work: () => Promise<T>): Promise<T | undefined> {
    const done = await standAlone(async () => ({ state: 'done', value: await work() }) as const);
    if (done.state === 'done') return done.value;
    this.#failed.push({ recordingId: id, error: done.error });
    return undefined;
  }

  /** The items of a recording whose file there is; else one more entry in `pending` or `terminal`. */
  async #sort(recording: RecordingAnswer, found: Found): Promise<readonly MediaItem[]> {
    const { id: recordingId } = recording;
    switch (found.state) {
      case 'files':
        return found.items;
      case 'transcoding':
        this.#pending.push({ recordingId, status: 'transcoding', retryAfterMs: found.retryAfterMs });
        return [];
      case 'failed':
        this.#failed.push({ recordingId, error: found.error });
        return [];
      case 'no-file':
        if (found.recording !== undefined && triage(found.recording.fileState) !== 'fetch') {
          await this.#isWanted(found.recording);
        } else if (await this.#isArchivedStub(found.recording ?? recording)) {
          await this.#restore(found.recording ?? recording);
        } else {
          await this.#wait({ ...recording, fileState: found.status });
        }
        return [];
      case 'forbidden':
        this.#terminate(recording, 'forbidden', found.hint);
        return [];
      case 'left-out':
        this.#terminate(
          recording,
          'forbidden',
          'a batch download leaves out what the client may not see unredacted',
        );
        return [];
    }
  }

  /** A stub that says AVAILABLE although its file has been moved away; while it is young it may as well be about to appear. */
  async #isArchivedStub({ archiveDate, archiveMedium }: RecordingAnswer): Promise<boolean> {
    if (archiveMedium === undefined || archiveDate === undefined || archiveDate > this.#now()) return false;
    await this.#learnEnd();
    return this.#isOverdue();
  }

  async #wait(recording: RecordingAnswer): Promise<void> {
    const { id: recordingId, fileState } = recording;
    const status = wordOf(fileState ?? 'no file');
    if (status === 'restoring') {
      this.#options.restores?.count(recordingId);
      this.#pending.push({ recordingId, status, retryAfterMs: RESTORING_WAIT_MS });
      return;
    }
    await this.#learnEnd();
    if (this.#isOverdue()) this.#terminate(recording, 'overdue');
    else this.#pending.push({ ...this.#later(status), recordingId });
  }

  async #restore(recording: RecordingAnswer): Promise<void> {
    const { id: recordingId } = recording;
    if (!this.#options.restoreArchived) {
      this.#terminate(recording, 'archived', 'ARCHIVE_RESTORE_ARCHIVED=1 asks for it to be brought back');
      return;
    }
    const { conversationId } = this.#request;
    if (this.#options.restores?.enter(recordingId, conversationId) === false) {
      const retryAfterMs = RESTORING_WAIT_MS;
      this.#pending.push({ recordingId, status: QUEUED_FOR_RESTORE, retryAfterMs, isQueued: true });
      return;
    }
    const asked = await requestRestore(this.#options, conversationId, recording, this.#budget);
    if (asked.state === 'refused') {
      this.#options.restores?.leave(recordingId);
      this.#terminate(recording, 'archived', asked.hint);
      return;
    }
    this.#pending.push({ recordingId, status: 'restoring', retryAfterMs: RESTORING_WAIT_MS });
  }

  #terminate(recording: RecordingAnswer, reason: TerminalRecording['reason'], hint?: string): void {
    this.#terminal.push({
      ids: { recordingId: recording.id, conversationId: this.#request.conversationId },
      reason,
      status: wordOf(recording.fileState ?? 'no file'),
      permanent: reason === 'deleted' || reason === 'error',
      ...present({ hint }),
      file: factsOf(recording, extensionOf(recording.kind, this.#options.format)),
    });
  }

  #later(status: string): PendingRecording {
    return { recordingId: this.#request.recordingId, status, retryAfterMs: waitForAppearance(this.#age()) };
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #age(): number | undefined {
    return this.#endedAt === undefined ? undefined : Math.max(0, this.#now() - this.#endedAt);
  }

  /** Never, while the end of the conversation is unknown: the queue has an end of its own. */
  #isOverdue(): boolean {
    return (this.#age() ?? 0) >= this.#options.horizonMs;
  }

  /** Where the request does not say when the conversation ended, the platform may. */
  async #learnEnd(): Promise<void> {
    if (this.#endedAt !== undefined) return;
    const answer = await this.#askConversation();
    if (answer.status !== 200) return;
    const { conversationId } = this.#request;
    const conversation = readConversation(`end of conversation ${conversationId}`, answer, conversationId);
    this.#endedAt = parseRecordingTime(conversation['endTime']);
  }

  #askConversation(): Promise<ApiAnswer> {
    const path = ['api', 'v2', 'conversations', this.#request.conversationId];
    this.#asked ??= this.#options.api.call({ method: 'GET', path }, this.#budget);
    return this.#asked;
  }
}
