import { randomBytes } from 'node:crypto';
import { SimulatorError } from './simulator-error.ts';
import { describeKmsRequest } from './kms/attach-kms.ts';
import { describeS3Request } from './s3/attach-s3.ts';
import { startKmsEndpoint, startS3Endpoint } from './endpoints.ts';
import { createEvent } from './archiving-events.ts';
import { readMediaFolder } from './catalogue.ts';
import { FaultPlan } from './faults.ts';
import { createConversationEvent } from './published/conversation-events.ts';
import { createGenesysApi, guardCall } from './genesys-api.ts';
import type { KmsRequest } from './kms/kms.ts';
import { createMediaHost, mediaPath } from './media-host.ts';
import { OAuthServer } from './oauth.ts';
import { createOrganizations, type Organizations } from './organizations.ts';
import { RecordingShelf } from './recording-shelf.ts';
import { RunningServers } from './running-servers.ts';
import { withPublishedApi } from './published/published-api.ts';
import type { S3Request } from './s3/s3.ts';
import { serve, type Service, type ServiceContext, type SimulatedRequest } from './service.ts';
import type { Simulator, SimulatorOptions } from './options.ts';
import { signLink } from './signed-link.ts';
import { present } from './present.ts';

export type { EventExtras, EventShape } from './archiving-events.ts';
export type { RecordingSpec, RecordingStatus, SimulatedRecording } from './catalogue.ts';
export type { Simulator, SimulatorOptions } from './options.ts';
export type { OrganizationOptions, SimulatedOrganization } from './organizations.ts';
export type { PastOptions } from './past/past.ts';
export type { SimulatedRequest } from './service.ts';
export { FAULT_GRAMMAR, formatFault, parseFault } from './fault-grammar.ts';
export type { Fault, FaultKind, FaultRule, FaultTarget } from './faults.ts';
export { listRoutes, type Route } from './routes.ts';

const MAX_REQUESTS_KEPT = 10_000;

/**
 * Starts a Genesys Cloud in this process: an API host and a media host on 127.0.0.1; with `s3` and `kms`, those endpoints too.
 * @throws SimulatorError when the media folder cannot be read, a port is taken or a recording's specification makes no sense;
 *   `CONFIG_INVALID` for a bucket name S3 would not accept.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { now = Date.now, seed = 1, clientId = 'simulator-client' } = options;
  const clientSecret = options.clientSecret ?? 'simulator-secret';
  const faults = new FaultPlan(seed);
  const shelf = new RecordingShelf({ seed, now });
  const skippedFiles = await fillShelf(shelf, options);
  const requests = new RememberedRequests(options.onRequest);
  const context: ServiceContext = {
    faults,
    now,
    onArrival: (request) => requests.remember(request),
    onEnd: (request) => options.onRequest?.(request),
  };
  const signer = { secret: randomBytes(32), lifetimeS: options.linkLifetimeS ?? 300, now };
  const linkTo = (id: string) => media.url + signLink(signer, mediaPath(id));
  const { organizations: others = [], requestsPerMinute, tokenLifetimeS = 86_400 } = options;
  const first = { ...options, clients: [{ clientId, clientSecret }, ...(options.clients ?? [])] };
  const organizations = createOrganizations({ first, others, seed, now, link: linkTo, requestsPerMinute });
  const oauth = new OAuthServer({ clients: organizations.clients, tokenLifetimeS, now });
  const find = (id: string) => shelf.find(id) ?? organizations.file(id);

  const servers = new RunningServers();
  const media = await servers.start(
    serve(createMediaHost({ signer, find }), context, options.ports?.media ?? 0),
  );
  const parts = { oauth, organizations, shelf, linkTo, now };
  const apiService = describeApi(options, parts);
  const api = await servers.start(serve(apiService, context, options.ports?.api ?? 0));
  const { s3, kms } = await startAws(servers, options, { faults, now, requests });

  return {
    apiUrl: api.url,
    mediaUrl: media.url,
    s3,
    kms,
    recordings: shelf.all,
    skippedFiles,
    world: organizations.worldOf(clientId),
    organizations: organizations.list,
    faults,
    requests: requests.kept,
    ...controlsOf(parts),
    environment: () => ({
      ...environmentOf(options, api.url, { clientId, clientSecret }),
      ...s3?.environment(),
      ...kms?.environment(),
    }),
    close: async () => servers.close(),
  };
}

interface ApiParts {
  readonly oauth: OAuthServer;
  readonly organizations: Organizations;
  readonly shelf: RecordingShelf;
  readonly linkTo: (id: string) => string;
  readonly now: () => number;
}

/** The API host: the tutorial's API, and the published one around it. */
function describeApi(
  { requestsPerMinute, statesStartTime = true }: SimulatorOptions,
  { oauth, organizations, shelf, linkTo, now }: ApiParts,
): Service {
  const limits = { oauth, requestsPerMinute, now };
  return withPublishedApi({
    worldOf: (id) => organizations.worldOf(id),
    base: createGenesysApi({
      ...limits,
      find: (id) => shelf.find(id),
      interactions: shelf.interactions,
      link: (recording) => linkTo(recording.id),
      statesStartTime,
    }),
    guard: (call, answer) => guardCall(limits, call, answer),
  });
}

/** What tests and the demo change while it runs. */
function controlsOf({ oauth, organizations, shelf, linkTo }: Omit<ApiParts, 'now'>) {
  return {
    add: (spec) => shelf.add(spec),
    setStatus(id, status) {
      shelf.get(id).status = status;
    },
    interaction(id) {
      const metadata = shelf.interactions.get(id);
      return metadata === undefined ? undefined : Object.fromEntries(metadata);
    },
    event: (recordingId, shape, extras) => createEvent(shelf.get(recordingId), shape, extras),
    conversationEvent: (...asked) => eventOfConversation(organizations, ...asked),
    revokeTokens: () => oauth.revokeAll(),
    setClientSecret: (secret) => oauth.exchangeSecret(secret),
    link: (recordingId) => linkTo(shelf.get(recordingId).id),
  } satisfies Partial<Simulator>;
}

function environmentOf(
  { s3 }: SimulatorOptions,
  apiUrl: string,
  client: { readonly clientId: string; readonly clientSecret: string },
): Record<string, string> {
  return {
    GENESYS_CLIENT_ID: client.clientId,
    GENESYS_CLIENT_SECRET: client.clientSecret,
    GENESYS_ENVIRONMENT: 'mypurecloud.com',
    GENESYS_LOGIN_URL: apiUrl,
    GENESYS_API_URL: apiUrl,
    ARCHIVE_ALLOW_LOOPBACK: '1',
    ...present({ S3_ARCHIVE_BUCKET: s3?.bucket }),
  };
}

/** @throws SimulatorError when no organization has the conversation. */
function eventOfConversation(
  { list }: Organizations,
  ...[conversationId, what = 'customer.end', body = {}]: Parameters<Simulator['conversationEvent']>
): Record<string, unknown> {
  for (const { world } of list) {
    const conversation = world.conversation(conversationId);
    if (conversation === undefined) continue;
    return createConversationEvent(conversation, what, world.organizationId, body);
  }
  throw new SimulatorError(`the simulator has no conversation with the id ${conversationId}`);
}

/** Files of the media folder that are no recordings. */
async function fillShelf(
  shelf: RecordingShelf,
  { mediaDir, recordings = 0 }: SimulatorOptions,
): Promise<Simulator['skippedFiles']> {
  const folder = mediaDir === undefined ? undefined : await readMediaFolder(mediaDir);
  for (const file of folder?.recordings ?? []) shelf.enrol(file);
  const specs = typeof recordings === 'number' ? Array.from({ length: recordings }, () => ({})) : recordings;
  for (const spec of specs) shelf.add(spec);
  return folder?.skipped ?? [];
}

/** The latest requests; an S3 or KMS request has no end of its own, so it is handed on as it arrives. */
class RememberedRequests {
  readonly kept: SimulatedRequest[] = [];
  readonly #onRequest: SimulatorOptions['onRequest'];

  constructor(onRequest: SimulatorOptions['onRequest']) {
    this.#onRequest = onRequest;
  }

  remember(request: SimulatedRequest): void {
    this.kept.push(request);
    if (this.kept.length > MAX_REQUESTS_KEPT) this.kept.shift();
  }

  rememberAndReport(request: SimulatedRequest): void {
    this.remember(request);
    this.#onRequest?.(request);
  }
}

interface AwsContext {
  readonly faults: FaultPlan;
  readonly now: () => number;
  readonly requests: RememberedRequests;
}

/** The endpoints of AWS that the options ask for. */
async function startAws(
  servers: RunningServers,
  { s3, kms, ports, sessionToken }: SimulatorOptions,
  { faults, now, requests }: AwsContext,
): Promise<Pick<Simulator, 's3' | 'kms'>> {
  const onS3 = (request: S3Request) => requests.rememberAndReport(describeS3Request(request, now()));
  const onKms = (request: KmsRequest) => requests.rememberAndReport(describeKmsRequest(request, now()));
  const token = present({ sessionToken });
  const place = s3 && {
    dir: s3.dir,
    buckets: [s3.bucket, ...(s3.others ?? [])],
    ...(s3.lock === true ? { lockedBuckets: [s3.bucket] } : {}),
    ...token,
  };
  return {
    s3: place && (await servers.start(startS3Endpoint(place, faults, ports?.s3 ?? 0, onS3))),
    kms:
      kms &&
      (await servers.start(startKmsEndpoint({ dir: kms.dir, ...token }, faults, ports?.kms ?? 0, onKms))),
  };
}
