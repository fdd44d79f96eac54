import { randomBytes } from 'node:crypto';
import { SimulatorError, describeCause } from './simulator-error.ts';
import { describeKmsRequest } from './kms/attach-kms.ts';
import { describeS3Request } from './s3/attach-s3.ts';
import { startKmsEndpoint, startS3Endpoint } from './endpoints.ts';
import { createEvent } from './archiving-events.ts';
import {
  readMediaFolder,
  synthesiseRecording,
  type CataloguedRecording,
  type RecordingSpec,
} from './catalogue.ts';
import { FaultPlan } from './faults.ts';
import { createConversationEvent } from './published/conversation-events.ts';
import { createGenesysApi, guardCall } from './genesys-api.ts';
import type { KmsRequest } from './kms/kms.ts';
import { createMediaHost, mediaPath } from './media-host.ts';
import { OAuthServer } from './oauth.ts';
import { createOrganizations } from './organizations.ts';
import { withPublishedApi } from './published/published-api.ts';
import type { S3Request } from './s3/s3.ts';
import { serve, type ServiceContext, type SimulatedRequest } from './service.ts';
import type { Simulator, SimulatorOptions } from './simulator-options.ts';
import { signLink } from './signed-link.ts';

export type { EventExtras, EventShape } from './archiving-events.ts';
export type { RecordingSpec, RecordingStatus, SimulatedRecording } from './catalogue.ts';
export type { Simulator, SimulatorOptions } from './simulator-options.ts';
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
  const signer = { secret: randomBytes(32), lifetimeS: options.linkLifetimeS ?? 300, now };
  const linkTo = (id: string) => media.url + signLink(signer, mediaPath(id));
  const organizations = createOrganizations({
    first: { ...options, clients: [{ clientId, clientSecret }, ...(options.clients ?? [])] },
    others: options.organizations ?? [],
    seed,
    now,
    link: linkTo,
    requestsPerMinute: options.requestsPerMinute,
  });
  const world = organizations.worldOf(clientId);
  const oauth = new OAuthServer({
    clients: organizations.clients,
    tokenLifetimeS: options.tokenLifetimeS ?? 86_400,
    now,
  });
  const find = (id: string) => byId.get(id) ?? organizations.file(id);
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
    worldOf: (id) => organizations.worldOf(id),
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
  const token = options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken };
  const s3 =
    options.s3 === undefined
      ? undefined
      : await start(
          startS3Endpoint(
            {
              dir: options.s3.dir,
              buckets: [options.s3.bucket, ...(options.s3.others ?? [])],
              ...token,
            },
            faults,
            options.ports?.s3 ?? 0,
            onS3Request,
          ),
        );
  const onKmsRequest = (request: KmsRequest) => {
    const described = describeKmsRequest(request, now());
    remember(described);
    options.onRequest?.(described);
  };
  const kms =
    options.kms === undefined
      ? undefined
      : await start(
          startKmsEndpoint({ dir: options.kms.dir, ...token }, faults, options.ports?.kms ?? 0, onKmsRequest),
        );

  return {
    apiUrl: api.url,
    mediaUrl: media.url,
    s3,
    kms,
    recordings,
    skippedFiles: folder?.skipped ?? [],
    world,
    organizations: organizations.list,
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
      for (const { world: one } of organizations.list) {
        const conversation = one.conversation(conversationId);
        if (conversation === undefined) continue;
        return createConversationEvent(conversation, what, one.organizationId, body);
      }
      throw new SimulatorError(`the simulator has no conversation with the id ${conversationId}`);
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
