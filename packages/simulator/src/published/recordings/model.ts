import { stableUuid } from '../../catalogue.ts';

import { type RecordingKind, type ScriptedConversation, type ScriptedRecording } from './scripted.ts';

export type FileState =
  | 'UPLOADING'
  | 'AVAILABLE'
  | 'ARCHIVED'
  | 'RESTORING'
  | 'RESTORED'
  | 'DELETED'
  | 'ERROR';

export interface RecordingAnnotation {
  readonly id: string;
  readonly type: string;
  /** Of what the platform itself annotates. */
  readonly reason?: string;
  readonly location: number;
  readonly durationMs: number;
  readonly description: string;
}

/** A recording as it is now; what the API changes is not read-only. */
export interface ModelRecording extends Required<Omit<ScriptedRecording, 'deletedAfterS'>> {
  readonly conversation: ModelConversation;
  readonly annotations: RecordingAnnotation[];
  /** Epoch ms at which the making of a format began. */
  readonly transcodings: Map<string, number>;
  /** Set by a restore request, epoch ms. */
  restore: { readonly requestedAt: number; readonly until: number } | undefined;
  /** ISO 8601, as set through the API or by the platform's policy. */
  deleteDate: string | undefined;
  /** ISO 8601, as set through the API. */
  archiveDate: string | undefined;
  exportDate: string | undefined;
  exportedDate: string | undefined;
  /** Deleted permanently: no protection and no other date brings it back. */
  gone: boolean;
}

export interface ModelParticipant {
  readonly id: string;
  readonly purpose: 'customer' | 'acd' | 'agent';
  readonly attributes: Map<string, string>;
}

export interface CustomAttributesDocument {
  readonly id: string;
  readonly schemaId: string | undefined;
  readonly values: Map<string, unknown>;
  /** Empty: visible to all divisions. */
  divisions: readonly string[];
  version: number;
}

type Stated = Omit<ScriptedConversation, 'id' | 'endedAt' | 'lastedS' | 'recordings' | 'attributes'>;

export interface ModelConversation extends Required<Stated> {
  readonly id: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly recordings: readonly ModelRecording[];
  readonly participants: readonly ModelParticipant[];
  readonly customAttributes: CustomAttributesDocument[];
  externalTag: string | undefined;
  /** A legal hold: its recordings are not deleted. */
  isProtected: boolean;
}

const PURPOSES = ['customer', 'acd', 'agent'] as const;

/** Fills in what the script leaves open. Equal arguments give equal ids. */
export function buildConversation(
  script: ScriptedConversation,
  seed: number,
  index: number,
  now: number,
): ModelConversation {
  const id = script.id ?? stableUuid(`${seed}/conversation/${index}`);
  const endedAt = script.endedAt ?? now;
  const recordings: ModelRecording[] = [];
  let participants: readonly ModelParticipant[] | undefined;
  const conversation: ModelConversation = {
    id,
    startedAt: endedAt - (script.lastedS ?? 60) * 1000,
    endedAt,
    recordings,
    // made when they are asked for: a walk through a long past is not about them
    get participants() {
      participants ??= PURPOSES.map((purpose) => ({
        id: stableUuid(`${id}/${purpose}`),
        purpose,
        attributes: new Map(purpose === 'customer' ? Object.entries(script.attributes ?? {}) : []),
      }));
      return participants;
    },
    customAttributes: [],
    otherDivision: script.otherDivision ?? false,
    forgetsAttributes: script.forgetsAttributes ?? false,
    arrivesAt: script.arrivesAt,
    lakeLateS: script.lakeLateS ?? 0,
    ongoing: script.ongoing ?? false,
    unannounced: script.unannounced ?? false,
    direction: script.direction ?? 'inbound',
    customer: script.customer ?? '+13175550100',
    customerName: script.customerName ?? 'Jane Doe',
    queue: script.queue ?? 0,
    agent: script.agent ?? 0,
    division: script.division ?? 0,
    wrapUp: script.wrapUp ?? 0,
    wrapUpNote: script.wrapUpNote,
    transcribed: script.transcribed ?? false,
    transcribedAfterS: script.transcribedAfterS ?? 0,
    externalTag: undefined,
    isProtected: false,
  };
  for (const [at, one] of (script.recordings ?? []).entries()) {
    recordings.push(buildRecording(one, conversation, at));
  }
  return conversation;
}

function buildRecording(
  one: NonNullable<ScriptedConversation['recordings']>[number],
  conversation: ModelConversation,
  at: number,
): ModelRecording {
  const { id, endedAt } = conversation;
  return {
    id: one.id ?? stableUuid(`${id}/recording/${at}`),
    conversation,
    kind: one.kind ?? 'call',
    leg: one.leg ?? 'trunk',
    channels: one.channels ?? 2,
    seconds: one.seconds ?? 5,
    listedAfterS: one.listedAfterS ?? 0,
    uploadedAfterS: one.uploadedAfterS ?? 0,
    stubUntilS: one.stubUntilS ?? 0,
    transcodingS: one.transcodingS ?? 3,
    fate: one.fate ?? 'available',
    restoringS: one.restoringS ?? 4 * 3600,
    perChannel: one.perChannel ?? false,
    sensitive: one.sensitive ?? false,
    jsonText: one.jsonText ?? false,
    region: one.region ?? 'us-east-1',
    batch: one.batch ?? 'delivered',
    bytesPerSecond: one.bytesPerSecond ?? 4000,
    annotated: one.annotated ?? [],
    annotations: (one.annotated ?? []).map((word, index) => annotationOf(`${id}/${at}/${index}`, word)),
    transcodings: new Map(),
    restore: undefined,
    deleteDate:
      one.deletedAfterS === undefined
        ? undefined
        : new Date(endedAt + one.deletedAfterS * 1000).toISOString(),
    archiveDate: undefined,
    exportDate: undefined,
    exportedDate: undefined,
    gone: false,
  };
}

const REASONS: ReadonlySet<string> = new Set(['Hold', 'Pause', 'SecurePause']);

function annotationOf(name: string, word: string): RecordingAnnotation {
  const about = REASONS.has(word) ? { type: 'pause', reason: word } : { type: word };
  return { id: stableUuid(`${name}/annotated`), ...about, location: 1000, durationMs: 500, description: '' };
}

/** Reports whether the platform knows it yet. */
export function isListed(recording: ModelRecording, now: number): boolean {
  const { conversation, listedAfterS } = recording;
  return hasArrived(conversation, now) && now >= conversation.endedAt + listedAfterS * 1000;
}

/** Deleted so long ago that nothing of it is listed any more? */
export function isForgotten(recording: ModelRecording, now: number, stubMs: number): boolean {
  return isDeleted(recording, now) && isPast(recording.deleteDate, now - stubMs);
}

/** Reports whether the platform shows it by now. */
export function hasArrived({ startedAt, arrivesAt = startedAt }: ModelConversation, now: number): boolean {
  return now >= Math.max(startedAt, arrivesAt);
}

export function fileStateOf(recording: ModelRecording, now: number): FileState {
  const { restore, fate, conversation, uploadedAfterS, stubUntilS, restoringS } = recording;
  if (isDeleted(recording, now)) return 'DELETED';
  if (now < conversation.endedAt + uploadedAfterS * 1000) return 'UPLOADING';
  if (fate === 'deleted') return 'DELETED';
  if (fate === 'error') return 'ERROR';
  if (fate === 'available' && !isPast(recording.archiveDate, now)) return 'AVAILABLE';
  if (now < conversation.endedAt + stubUntilS * 1000) return 'AVAILABLE';
  if (restore === undefined || now >= restore.until) return 'ARCHIVED';
  return now < restore.requestedAt + restoringS * 1000 ? 'RESTORING' : 'RESTORED';
}

/** Deleted by a date, which a protection holds back, or permanently. */
export function isDeleted({ gone, deleteDate, conversation }: ModelRecording, now: number): boolean {
  return gone || (isPast(deleteDate, now) && !conversation.isProtected);
}

function isPast(date: string | undefined, now: number): boolean {
  return date !== undefined && Date.parse(date) <= now;
}

export type FileReadiness =
  | { readonly ready: true }
  /** What is left, ms; `undefined` when nothing is under way. */
  | { readonly ready: false; readonly transcodingMs: number | undefined };

/** Reports whether the file of a format is available now. Asking starts its transcoding. */
export function requestFile(recording: ModelRecording, format: string, now: number): FileReadiness {
  const state = fileStateOf(recording, now);
  const stub = now < recording.conversation.endedAt + recording.stubUntilS * 1000;
  if ((state !== 'AVAILABLE' && state !== 'RESTORED') || stub) {
    return { ready: false, transcodingMs: undefined };
  }
  if (isText(recording.kind)) return { ready: true };
  const begun = recording.transcodings.get(format) ?? now;
  recording.transcodings.set(format, begun);
  const left = begun + recording.transcodingS * 1000 - now;
  return left > 0 ? { ready: false, transcodingMs: left } : { ready: true };
}

export function isText(kind: RecordingKind): boolean {
  return kind === 'chat' || kind === 'email' || kind === 'message';
}
