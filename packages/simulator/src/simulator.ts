import { randomBytes } from 'node:crypto';
import { SimulatorError, describeCause } from './simulator-error.ts';
import { describeKmsRequest, drawKmsFaults } from './kms/attach-kms.ts';
import { describeS3Request, drawS3Faults } from './s3/attach-s3.ts';
import { createEvent, type EventExtras, type EventShape } from './archiving-events.ts';
import {
  readMediaFolder,
  type SkippedFile,
  synthesiseRecording,
  type CataloguedRecording,
  type RecordingSpec,
  type RecordingStatus,
  type SimulatedRecording,
} from './catalogue.ts';
import { FaultPlan } from './faults.ts';
import { type ConversationHappening, createConversationEvent } from './published/conversation-events.ts';
import { createGenesysApi, guardCall } from './genesys-api.ts';
import type { KmsEndpoint, KmsRequest } from './kms/kms.ts';
import { createMediaHost, mediaPath } from './media-host.ts';
import { OAuthServer } from './oauth.ts';
import { withPublishedApi } from './published/published-api.ts';
import type { ScriptedConversation } from './published/recordings-model.ts';
import { RecordingsWorld } from './published/recordings-world.ts';
import type { S3Endpoint, S3Request } from './s3/s3.ts';
import { serve, type ServiceContext, type SimulatedRequest } from './service.ts';
import { signLink } from './signed-link.ts';

export type { EventExtras, EventShape } from './archiving-events.ts';
export type { RecordingSpec, RecordingStatus, SimulatedRecording } from './catalogue.ts';
export type { SimulatedRequest } from './service.ts';
export { FAULT_GRAMMAR, formatFault, parseFault } from './fault-grammar.ts';
export type { Fault, FaultKind, FaultRule, FaultTarget } from './faults.ts';
export { listRoutes, type Route } from './routes.ts';

export interface SimulatorOptions {
  /** Serves the files of this folder as recordings; their ids depend on the file names only. */
  readonly mediaDir?: string;
  /** Synthetic recordings, by number or one by one; default none. */
  readonly recordings?: number | readonly RecordingSpec[];
  /** Conversations of the published API; default none. */
  readonly conversations?: readonly ScriptedConversation[];
  /** Of the organization, a UUID; default `SIMULATED_ORGANIZATION`. */
  readonly organizationId?: string;
  /** Default `simulator-client`. */
  readonly clientId?: string;
  /** Default `simulator-secret`. */
  readonly clientSecret?: string;
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
  /** Also starts an S3 endpoint that keeps this bucket's objects in files below `dir`. */
  readonly s3?: { readonly dir: string; readonly bucket: string };
  /** Also starts a KMS endpoint, with a key `alias/recordings`, that keeps its keys below `dir` or else in memory. */
  readonly kms?: { readonly dir?: string };
  /** The clock tokens and links expire by, epoch ms; default the system's. */
  readonly now?: () => number;
  /** Decides everything that is not specified, e.g. ids and lengths of synthetic recordings; default 1. */
  readonly seed?: number;
  /** Does the media look-up state when the recording began (`startTime`)? Default true. */
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
  /** What the published API speaks of. */
  readonly world: RecordingsWorld;
  readonly faults: FaultPlan;
  /** The latest requests (at most 10,000), oldest first, from the moment they arrived. */
  readonly requests: readonly SimulatedRequest[];
  /** @throws `USAGE` when the specification makes no sense or the id is taken. */
  add(spec: RecordingSpec): SimulatedRecording;
  /** @throws `USAGE` when there is no such recording. */
  setStatus(id: string, status: RecordingStatus): void;
  /** Metadata as merged by PATCH; `undefined` when there is no such interaction. */
  interaction(id: string): Record<string, unknown> | undefined;
  /**
   * An archiving event as it would arrive. Equal for equal arguments.
   * @throws `USAGE` when there is no such recording.
   */
  event(recordingId: string, shape: EventShape, extras?: EventExtras): unknown;
  /**
   * An event of a conversation of the published API, as EventBridge delivers it.
   * @param body merged into `eventBody`.
   * @throws `USAGE` when there is no such conversation.
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

const MAX_REQUESTS_KEPT = 10_000;

/**
 * Starts a Genesys Cloud in this process: an API host and a media host on 127.0.0.1; with `s3` and `kms`, those endpoints too.
 * @throws `USAGE` when the media folder cannot be read, a port is taken or a recording's specification makes no sense;
 *   `CONFIG_INVALID` for a bucket name S3 would not accept.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const now = options.now ?? Date.now;
  const seed = options.seed ?? 1;
  const clientId = options.clientId ?? 'simulator-client';
  const clientSecret = options.clientSecret ?? 'simulator-secret';
  const recordings: CataloguedRecording[] = [];
  const byId = new Map<string, CataloguedRecording>();
  const interactions = new Map<string, Map<string, unknown>>();
  const requests: SimulatedRequest[] = [];
  const faults = new FaultPlan(seed);
  let synthesised = 0;

  const enrol = (recording: CataloguedRecording): CataloguedRecording => {
    if (byId.has(recording.id))
      throw new SimulatorError(`there are two recordings with the id ${recording.id}`);
    recordings.push(recording);
    byId.set(recording.id, recording);
    if (!interactions.has(recording.interactionId)) interactions.set(recording.interactionId, new Map());
    return recording;
  };
  const add = (spec: RecordingSpec) => {
    const recording = synthesiseRecording(spec, seed, synthesised, now());
    synthesised += 1;
    return enrol(recording);
  };
  const get = (id: string): CataloguedRecording => {
    const recording = byId.get(id);
    if (recording === undefined) throw new SimulatorError(`the simulator has no recording with the id ${id}`);
    return recording;
  };

  const folder = options.mediaDir === undefined ? undefined : await readMediaFolder(options.mediaDir);
  for (const file of folder?.recordings ?? []) enrol(file);
  const { recordings: wanted = 0 } = options;
  const specs = typeof wanted === 'number' ? Array.from({ length: wanted }, () => ({})) : wanted;
  for (const spec of specs) add(spec);
  const remember = (request: SimulatedRequest) => {
    requests.push(request);
    if (requests.length > MAX_REQUESTS_KEPT) requests.shift();
  };
  const context: ServiceContext = {
    faults,
    now,
    onArrival: remember,
    onEnd: (request) => options.onRequest?.(request),
  };
  const { tokenLifetimeS = 86_400 } = options;
  const oauth = new OAuthServer({ clientId, clientSecret, tokenLifetimeS, now });
  const signer = { secret: randomBytes(32), lifetimeS: options.linkLifetimeS ?? 300, now };
  const linkTo = (id: string) => media.url + signLink(signer, mediaPath(id));
  const world = new RecordingsWorld({ seed, now, organizationId: options.organizationId, link: linkTo });
  for (const script of options.conversations ?? []) world.add(script);
  const find = (id: string) => byId.get(id) ?? world.file(id);
  const running: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(running.map(async (server) => server.close()));
  };
  const start = async <T extends { close(): Promise<void> }>(server: Promise<T>): Promise<T> => {
    try {
      const started = await server;
      running.push(started);
      return started;
    } catch (error) {
      await close();
      if (error instanceof SimulatorError) throw error;
      throw new SimulatorError(`the simulator cannot listen: ${describeCause(error)}`, {
        hint: 'another program may be using the port; 0 takes any free one',
      });
    }
  };

  const media = await start(serve(createMediaHost({ signer, find }), context, options.ports?.media ?? 0));
  const limits = { oauth, requestsPerMinute: options.requestsPerMinute, now };
  const apiService = withPublishedApi({
    world,
    base: createGenesysApi({
      ...limits,
      find: (id) => byId.get(id),
      interactions,
      link: (recording) => linkTo(recording.id),
      statesStartTime: options.statesStartTime ?? true,
    }),
    guard: (call, answer) => guardCall(limits, call, answer),
  });
  const api = await start(serve(apiService, context, options.ports?.api ?? 0));
  const onS3Request = (request: S3Request) => {
    const described = describeS3Request(request, now());
    remember(described);
    options.onRequest?.(described);
  };
  const s3 =
    options.s3 === undefined
      ? undefined
      : await start(startS3Endpoint(options.s3, faults, options.ports?.s3 ?? 0, onS3Request));
  const onKmsRequest = (request: KmsRequest) => {
    const described = describeKmsRequest(request, now());
    remember(described);
    options.onRequest?.(described);
  };
  const kms =
    options.kms === undefined
      ? undefined
      : await start(startKmsEndpoint(options.kms.dir, faults, options.ports?.kms ?? 0, onKmsRequest));

  return {
    apiUrl: api.url,
    mediaUrl: media.url,
    s3,
    kms,
    recordings,
    skippedFiles: folder?.skipped ?? [],
    world,
    faults,
    requests,
    add,
    setStatus(id, status) {
      get(id).status = status;
    },
    interaction(id) {
      const metadata = interactions.get(id);
      return metadata === undefined ? undefined : Object.fromEntries(metadata);
    },
    event: (recordingId, shape, extras) => createEvent(get(recordingId), shape, extras),
    conversationEvent(conversationId, what = 'customer.end', body = {}) {
      const conversation = world.conversation(conversationId);
      if (conversation === undefined)
        throw new SimulatorError(`the simulator has no conversation with the id ${conversationId}`);
      return createConversationEvent(conversation, what, world.organizationId, body);
    },
    revokeTokens: () => oauth.revokeAll(),
    setClientSecret: (secret) => oauth.exchangeSecret(secret),
    link: (recordingId) => linkTo(get(recordingId).id),
    environment: () => ({
      GENESYS_CLIENT_ID: clientId,
      GENESYS_CLIENT_SECRET: clientSecret,
      GENESYS_ENVIRONMENT: 'mypurecloud.com',
      GENESYS_LOGIN_URL: api.url,
      GENESYS_API_URL: api.url,
      ARCHIVE_ALLOW_LOOPBACK: '1',
      ...(options.s3 === undefined ? {} : { S3_ARCHIVE_BUCKET: options.s3.bucket }),
      ...s3?.environment(),
      ...kms?.environment(),
    }),
    close,
  };
}

/** By the system's clock: whoever signs a request for S3 does so too. */
async function startS3Endpoint(
  place: { readonly dir: string; readonly bucket: string },
  faults: FaultPlan,
  port: number,
  onRequest: (request: S3Request) => void,
): Promise<S3Endpoint> {
  // loaded only when it is wanted: half of the simulator's code
  const { startS3 } = await import('./s3/s3.ts');
  return startS3({ dir: place.dir, buckets: [place.bucket], port, onRequest, fault: drawS3Faults(faults) });
}

async function startKmsEndpoint(
  dir: string | undefined,
  faults: FaultPlan,
  port: number,
  onRequest: (request: KmsRequest) => void,
): Promise<KmsEndpoint> {
  const { startKms } = await import('./kms/kms.ts');
  return startKms({ dir, port, onRequest, fault: drawKmsFaults(faults) });
}
