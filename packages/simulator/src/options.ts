import type { EventExtras, EventShape } from './archiving-events.ts';
import type { RecordingSpec, RecordingStatus, SimulatedRecording, SkippedFile } from './catalogue.ts';
import type { FaultPlan } from './faults.ts';
import type { KmsEndpoint } from './kms/kms.ts';
import type { OAuthClient } from './oauth.ts';
import type { OrganizationContents, OrganizationOptions, SimulatedOrganization } from './organizations.ts';
import type { ConversationHappening } from './published/conversation-events.ts';
import type { RecordingsWorld } from './published/recordings/world.ts';
import type { S3Endpoint } from './s3/s3.ts';
import type { SimulatedRequest } from './service.ts';

export interface SimulatorOptions extends OrganizationContents {
  /** Serves the files of this folder as recordings; their ids depend on the file names only. */
  readonly mediaDir?: string;
  /** Synthetic recordings, by number or one by one; default none. */
  readonly recordings?: number | readonly RecordingSpec[];
  /** Of the organization; default made from its name. */
  readonly organizationId?: string;
  /** Default `simulator-client`. */
  readonly clientId?: string;
  /** Default `simulator-secret`. */
  readonly clientSecret?: string;
  /** Further OAuth clients of the same organization; each token has a rate limit of its own. */
  readonly clients?: readonly OAuthClient[];
  /** Further organizations, told apart by their OAuth clients. */
  readonly organizations?: readonly OrganizationOptions[];
  /** Seconds; default 86400, as the platform's. */
  readonly tokenLifetimeS?: number;
  /** Seconds; default 300, the tutorial's. */
  readonly linkLifetimeS?: number;
  /** Default 0: any free port. */
  readonly ports?: {
    readonly api?: number;
    readonly media?: number;
    readonly s3?: number;
    readonly kms?: number;
  };
  /** Of a role that was assumed: S3 and KMS take requests that bear it. @default none is known */
  readonly sessionToken?: string;
  /** Also starts an S3 endpoint that keeps the objects of this bucket, and of others, in files below `dir`. */
  readonly s3?: {
    readonly dir: string;
    readonly bucket: string;
    readonly others?: readonly string[];
    /** The first has Object Lock, and so versions. */
    readonly lock?: boolean;
  };
  /** Also starts a KMS endpoint, with a key `alias/recordings`, that keeps its keys below `dir` or else in memory. */
  readonly kms?: { readonly dir?: string };
  /** The clock tokens and links expire by, epoch ms; default the system's. */
  readonly now?: () => number;
  /** Decides everything that is not specified, e.g. ids and lengths of synthetic recordings; default 1. */
  readonly seed?: number;
  /** The media look-up states when the recording began (`startTime`). Default true. */
  readonly statesStartTime?: boolean;
  /** Requests per minute and token after which the API answers 429; default: counts, but never refuses. */
  readonly requestsPerMinute?: number;
  /** Called when a request has been answered or its connection was lost. */
  readonly onRequest?: (request: SimulatedRequest) => void;
}

export interface Simulator {
  /** The API and the authorisation server. */
  readonly apiUrl: string;
  readonly mediaUrl: string;
  /** The S3 endpoint, when the options asked for one. */
  readonly s3: S3Endpoint | undefined;
  /** The KMS endpoint, when the options asked for one. */
  readonly kms: KmsEndpoint | undefined;
  readonly recordings: readonly SimulatedRecording[];
  readonly skippedFiles: readonly SkippedFile[];
  /** What the published API serves, in the first organization. */
  readonly world: RecordingsWorld;
  /** All of them, the first one first. */
  readonly organizations: readonly SimulatedOrganization[];
  readonly faults: FaultPlan;
  /** The latest requests (at most 10,000), oldest first, from the moment they arrived. */
  readonly requests: readonly SimulatedRequest[];
  /** @throws SimulatorError when the specification makes no sense or the id is taken. */
  add(spec: RecordingSpec): SimulatedRecording;
  /** @throws SimulatorError when there is no such recording. */
  setStatus(id: string, status: RecordingStatus): void;
  /** Metadata as merged by PATCH; `undefined` when there is no such interaction. */
  interaction(id: string): Record<string, unknown> | undefined;
  /**
   * An archiving event as it would arrive. Equal for equal arguments.
   * @throws SimulatorError when there is no such recording.
   */
  event(recordingId: string, shape: EventShape, extras?: EventExtras): unknown;
  /**
   * An event of a conversation of the published API, as EventBridge delivers it.
   * @param body merged into `eventBody`.
   * @throws SimulatorError when there is no such conversation.
   */
  conversationEvent(
    conversationId: string,
    what?: ConversationHappening,
    body?: Readonly<Record<string, unknown>>,
  ): Record<string, unknown>;
  /** From now on every token issued so far is answered with 401. */
  revokeTokens(): void;
  /** From now on tokens are issued for this secret only. */
  setClientSecret(secret: string): void;
  /** A signed link to the recording's file, as the media look-up gives it. */
  link(recordingId: string): string;
  /** Settings that make the product talk to this simulator. */
  environment(): Record<string, string>;
  /** Ends every connection. May be called more than once. */
  close(): Promise<void>;
}
