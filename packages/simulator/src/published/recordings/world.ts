import { SimulatorError } from '../../simulator-error.ts';
import { type CataloguedRecording, stableUuid } from '../../catalogue.ts';
import { Past, type PastOptions } from '../../past/past.ts';
import type { Call } from '../../service.ts';
import { RecentMap } from '../recent-map.ts';
import { fileId, type FileName, parseFileId, synthesiseFile } from './files.ts';
import {
  buildConversation,
  hasArrived,
  isForgotten,
  isListed,
  type ModelConversation,
  type ModelRecording,
} from './model.ts';
import { type ScriptedConversation } from './scripted.ts';
import type { Interval } from '../paging.ts';
import {
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  type BatchJob,
  type BulkJob,
  DEFAULT_BEHAVIOUR,
  type DetailsJob,
  type GdprRequest,
  type Orphan,
  type PlatformBehaviour,
  type UploadReport,
} from '../world-state.ts';

/** The organization that the examples of the documentation name. */
export const SIMULATED_ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';

export interface WorldOptions {
  readonly seed: number;
  readonly now: () => number;
  /** A signed link to a file. */
  readonly link: (fileId: string) => string;
  /** Default the first organization's. */
  readonly organizationId?: string;
  readonly organizationName?: string;
  readonly behaviour?: Partial<PlatformBehaviour> | undefined;
  readonly past?: PastOptions | undefined;
  readonly orphans?: readonly Partial<Orphan>[] | undefined;
  /** Requests a minute and token, as the platform's limits state them. */
  readonly requestsPerMinute?: number | undefined;
}

/** Conversations and files of the past that are kept in memory; others are made again from their formula. */
const KEPT = 2_048;
const KEPT_FILES = 256;

/** The organization behind the published API: its conversations, what the client may do, what it has asked for. */
export class RecordingsWorld {
  readonly organizationId: string;
  readonly organizationName: string;
  readonly behaviour: PlatformBehaviour;
  readonly requestsPerMinute: number | undefined;
  readonly past: Past | undefined;
  readonly jobs = new Map<string, BatchJob>();
  readonly detailsJobs = new Map<string, DetailsJob>();
  readonly bulkJobs = new Map<string, BulkJob>();
  readonly reports = new Map<string, UploadReport>();
  readonly auditQueries = new Map<string, AuditQuery>();
  readonly gdprRequests = new Map<string, GdprRequest>();
  readonly orphans = new Map<string, Orphan>();
  readonly audits: AuditEntry[] = [];
  /** Conversations under a legal hold. */
  readonly protectedIds = new Set<string>();
  readonly now: () => number;
  readonly #seed: number;
  readonly #link: (fileId: string) => string;
  readonly #conversations = new Map<string, ModelConversation>();
  readonly #recordings = new Map<string, ModelRecording>();
  readonly #files = new RecentMap<string, CataloguedRecording>(KEPT_FILES);
  readonly #recent = new RecentMap<number, ModelConversation>(KEPT);
  /** Those of the past that were changed through the API. */
  readonly #changed = new Map<number, ModelConversation>();
  readonly #denied = new Set<string>();
  #added = 0;

  constructor(options: WorldOptions) {
    const { seed, now, link } = options;
    this.#seed = seed;
    this.now = now;
    this.#link = link;
    this.organizationId = options.organizationId ?? SIMULATED_ORGANIZATION;
    this.organizationName = options.organizationName ?? 'Simulated Organization';
    this.requestsPerMinute = options.requestsPerMinute;
    this.behaviour = { ...DEFAULT_BEHAVIOUR, ...options.behaviour };
    this.past = options.past === undefined ? undefined : new Past(options.past, seed);
    for (const [at, orphan] of (options.orphans ?? []).entries()) {
      const id = orphan.id ?? stableUuid(`${seed}/orphan/${at}`);
      this.orphans.set(id, {
        id,
        mediaType: 'CALL',
        status: 'NO_CONVERSATION',
        createdAt: now(),
        bytes: 20_000,
        ...orphan,
      });
    }
  }

  /** @throws SimulatorError when an id is taken. */
  add(script: ScriptedConversation): ModelConversation {
    const conversation = buildConversation(script, this.#seed, this.#added, this.now());
    this.#added += 1;
    const taken =
      this.#conversations.has(conversation.id) ||
      conversation.recordings.some(
        ({ id }, at, all) => this.#recordings.has(id) || all.findIndex((one) => one.id === id) !== at,
      );
    if (taken) throw new SimulatorError(`conversation ${conversation.id}: an id is there already`);
    this.#conversations.set(conversation.id, conversation);
    for (const recording of conversation.recordings) this.#recordings.set(recording.id, recording);
    return conversation;
  }

  /** Those that were added one by one; the past is not among them. */
  get conversations(): readonly ModelConversation[] {
    return [...this.#conversations.values()];
  }

  conversation(id: string): ModelConversation | undefined {
    const scripted = this.#conversations.get(id);
    if (scripted !== undefined) return scripted;
    const index = this.past?.indexOfConversation(id);
    return index === undefined ? undefined : this.#ofPast(index);
  }

  /** A recording that is listed by now. */
  recording(conversationId: string, recordingId: string): ModelRecording | undefined {
    const recording = this.findRecording(recordingId);
    if (recording === undefined || recording.conversation.id !== conversationId) return undefined;
    return this.shows(recording) ? recording : undefined;
  }

  /** Listed by now, and still. */
  shows(recording: ModelRecording): boolean {
    const now = this.now();
    return isListed(recording, now) && !isForgotten(recording, now, this.behaviour.deletedStubMs);
  }

  /** Number of conversations, the past's included. */
  get size(): number {
    return this.#conversations.size + (this.past?.conversations ?? 0);
  }

  /** All conversations from a place on: first those added one by one, then the past in the order of its time. */
  *from(place: number): Generator<ModelConversation> {
    const scripted = this.conversations;
    yield* scripted.slice(place);
    const first = Math.max(0, place - scripted.length);
    for (let index = first; index < (this.past?.conversations ?? 0); index += 1) yield this.#passing(index);
  }

  /** What began in an interval and has arrived, by the time it began. */
  *startedIn({ begin, end }: Interval): Generator<ModelConversation> {
    const isIn = (one: ModelConversation) =>
      one.startedAt >= begin && one.startedAt < end && hasArrived(one, this.now());
    const scripted = this.conversations.filter(isIn).toSorted((a, b) => a.startedAt - b.startedAt);
    let at = 0;
    const [first, last] = this.past?.range(begin, end) ?? [0, 0];
    for (let index = first; index < last; index += 1) {
      const one = this.#passing(index);
      for (
        let next = scripted[at];
        next !== undefined && next.startedAt <= one.startedAt;
        next = scripted[at]
      ) {
        at += 1;
        yield next;
      }
      if (hasArrived(one, this.now())) yield one;
    }
    yield* scripted.slice(at);
  }

  /** Keeps what was changed of a conversation of the past. */
  keep(conversation: ModelConversation): void {
    const index = this.past?.indexOfConversation(conversation.id);
    if (index !== undefined && !this.#conversations.has(conversation.id))
      this.#changed.set(index, conversation);
  }

  /** Adds a line to the audit. */
  record(recording: ModelRecording, action: AuditAction, call: Call | undefined): void {
    const { id: recordingId, conversation, kind } = recording;
    this.recordAudit({
      action,
      at: this.now(),
      conversationId: conversation.id,
      recordingId,
      isScreen: kind === 'screen',
      clientId: call?.clientId,
    });
  }

  recordAudit(entry: Omit<AuditEntry, 'id'>): void {
    this.audits.push({ id: stableUuid(`${this.organizationId}/audit/${this.audits.length}`), ...entry });
    if (this.audits.length > MAX_AUDITS) this.audits.shift();
  }

  /** From now on the client lacks a permission. */
  deny(permission: string): void {
    this.#denied.add(permission);
  }

  /** From now on the client has it again. */
  grant(permission: string): void {
    this.#denied.delete(permission);
  }

  /** There is a division that the client cannot see. */
  get hasHiddenDivision(): boolean {
    return this.conversations.some(({ otherDivision }) => otherDivision) || (this.past?.hidesSome ?? false);
  }

  has(permission: string): boolean {
    return !this.#denied.has(permission);
  }

  /** Must the client not see the recording in full? */
  redacts({ sensitive }: ModelRecording): boolean {
    return sensitive && this.behaviour.redaction && !this.has('recording:recording:viewSensitiveData');
  }

  /** A signed link to one file of a recording. */
  link(name: FileName): string {
    return this.#link(fileId(name));
  }

  /** A signed link to another file, by its id. */
  linkTo(id: string): string {
    return this.#link(id);
  }

  /** What the media host serves under an id. */
  file(id: string): CataloguedRecording | undefined {
    const known = this.#files.get(id);
    if (known !== undefined) return known;
    const name = parseFileId(id);
    const recording = name === undefined ? undefined : this.findRecording(name.recordingId);
    if (name === undefined || recording === undefined) return undefined;
    const file = synthesiseFile(recording, name);
    this.#files.set(id, file);
    return file;
  }

  /** Whether it is listed by now or not. */
  findRecording(recordingId: string): ModelRecording | undefined {
    const scripted = this.#recordings.get(recordingId);
    if (scripted !== undefined) return scripted;
    const place = this.past?.indexOfRecording(recordingId);
    return place === undefined ? undefined : this.#ofPast(place.conversation).recordings[place.recording];
  }

  #ofPast(index: number): ModelConversation {
    const known = this.#changed.get(index) ?? this.#recent.get(index);
    if (known !== undefined) return known;
    const made = this.#make(index);
    this.#recent.set(index, made);
    return made;
  }

  /** As `#ofPast`, for walks: what it makes is not kept. */
  #passing(index: number): ModelConversation {
    return this.#changed.get(index) ?? this.#recent.get(index) ?? this.#make(index);
  }

  #make(index: number): ModelConversation {
    const { past } = this;
    if (past === undefined) throw new RangeError('this organization has no past');
    const script = past.at(index);
    return buildConversation(script, this.#seed, index, script.endedAt ?? this.now());
  }
}

/** Lines of the audit that are remembered. */
const MAX_AUDITS = 100_000;
