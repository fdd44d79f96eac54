import type { Interval } from './paging.ts';

/** What the platform remembers besides conversations: work that was asked for, and what was done. */

/** A batch download that was asked for. */
export interface BatchJob {
  readonly id: string;
  readonly clientId: string;
  readonly submittedAt: number;
  readonly items: readonly { readonly conversationId: string; readonly recordingId: string | undefined }[];
}

/** A query of the data lake. */
export interface DetailsJob {
  readonly id: string;
  readonly submittedAt: number;
  readonly query: DetailsQuery;
  /** What it found, from the moment it was complete. */
  found: readonly string[] | undefined;
  failed: boolean;
  cancelled: boolean;
  expired: boolean;
}

export interface DetailsQuery extends Interval {
  /** Only what began after the start of the interval's first day (UTC). */
  readonly startOfDay: boolean;
  readonly descending: boolean;
  readonly limit: number | undefined;
  readonly filters: readonly QueryFilter[];
}

export interface QueryFilter {
  readonly all: boolean;
  readonly clauses: readonly QueryFilter[];
  readonly predicates: readonly QueryPredicate[];
}

export interface QueryPredicate {
  readonly dimension: string;
  readonly operator: 'matches' | 'exists' | 'notExists';
  readonly value: string | undefined;
}

export type BulkAction = 'ARCHIVE' | 'DELETE' | 'EXPORT';

/** A bulk job over recordings. */
export interface BulkJob {
  readonly id: string;
  readonly clientId: string;
  readonly createdAt: number;
  readonly query: Readonly<Record<string, unknown>>;
  /** What it is about, from the moment it was ready. */
  plan: BulkPlan | undefined;
  /** Epoch ms at which it was told to begin. */
  startedAt: number | undefined;
  cancelled: boolean;
}

export interface BulkPlan {
  readonly conversations: number;
  readonly recordings: readonly RecordingIds[];
  readonly skipped: number;
  readonly failed: readonly RecordingIds[];
}

export interface RecordingIds {
  readonly conversationId: string;
  readonly recordingId: string;
}

export type UploadStatus = 'Pending' | 'Success' | 'Failure' | 'WaitForConversation';

export interface UploadReport {
  readonly id: string;
  readonly submittedAt: number;
  readonly since: number;
  readonly status: UploadStatus | undefined;
}

export type AuditAction =
  | 'Read'
  | 'Download'
  | 'Delete'
  | 'Export'
  | 'RestoreRequest'
  | 'UpdateRetention'
  | 'ApplyProtection'
  | 'RevokeProtection';

/** One line of the platform's audit of recordings. */
export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly action: AuditAction;
  readonly conversationId: string;
  readonly recordingId: string | undefined;
  readonly isScreen: boolean;
  /** `undefined`: the platform itself, or a user. */
  readonly clientId: string | undefined;
  /** A person, in place of a client. */
  readonly user?: { readonly id: string; readonly name: string } | undefined;
}

export interface AuditQuery {
  readonly id: string;
  readonly submittedAt: number;
  readonly interval: Interval;
  readonly filters: readonly { readonly property: string; readonly value: string }[];
  readonly descending: boolean;
}

export interface GdprRequest {
  readonly id: string;
  readonly requestType: 'GDPR_EXPORT' | 'GDPR_UPDATE' | 'GDPR_DELETE';
  readonly createdAt: number;
  readonly clientId: string;
  readonly subject: Readonly<Record<string, unknown>>;
}

/** A recording that has lost its conversation. */
export interface Orphan {
  readonly id: string;
  readonly mediaType: 'CALL' | 'CHAT' | 'EMAIL' | 'SCREEN';
  readonly status: 'NO_CONVERSATION' | 'UNKNOWN_CONVERSATION' | 'CONVERSATION_NOT_COMPLETE';
  /** Epoch ms. */
  readonly createdAt: number;
  readonly bytes: number;
}

/** How the platform behaves: what it redacts, and how long its work takes on the simulator's clock. */
export interface PlatformBehaviour {
  /** The organization redacts sensitive data for clients without `recording:recording:viewSensitiveData`. Default true. */
  redaction: boolean;
  /** Batches leave out recordings that are not available without a word, instead of with an `errorMsg`. Default false. */
  batchOmitsUnavailable: boolean;
  batchMs: number;
  /** How far the data lake is behind; default a day. */
  lakeLagMs: number;
  detailsJobMs: number;
  /** Until its results expire; default a day. */
  detailsJobLifetimeMs: number;
  /** Bytes of a page of results; more are answered with 413. */
  largestResultsPage: number;
  bulkBuildMs: number;
  bulkRunMs: number;
  reportMs: number;
  auditMs: number;
  /** Until an entry of the audit appears in queries; default at once. */
  auditLagMs: number;
  gdprMs: number;
  /** Conversations that can be protected at a time; default 1000. */
  mostProtected: number;
  /** How long what is deleted by its date is listed as `DELETED`, and answered with 404 after it; default for ever. */
  deletedStubMs: number;
  /** A date of deletion loses its time of day. Default false. */
  deleteDateIsDay: boolean;
}

/** How much of work that takes `duration` ms is done, 0 to 1. */
export function shareDone(since: number, duration: number, now: number): number {
  return duration <= 0 ? 1 : Math.min(1, (now - since) / duration);
}

export const DEFAULT_BEHAVIOUR: PlatformBehaviour = {
  redaction: true,
  batchOmitsUnavailable: false,
  batchMs: 10_000,
  lakeLagMs: 86_400_000,
  detailsJobMs: 3_000,
  detailsJobLifetimeMs: 86_400_000,
  largestResultsPage: 16_000_000,
  bulkBuildMs: 5_000,
  bulkRunMs: 5_000,
  reportMs: 5_000,
  auditMs: 2_000,
  auditLagMs: 0,
  gdprMs: 3_600_000,
  mostProtected: 1_000,
  deletedStubMs: Number.POSITIVE_INFINITY,
  deleteDateIsDay: false,
};
