import { randomUUID } from 'node:crypto';
import type { CataloguedRecording } from './catalogue.ts';
import { errorReply, jsonReply } from './genesys-errors.ts';
import { countRequest, REQUESTS_PER_MINUTE, type OAuthServer } from './oauth.ts';
import type { Reply } from './reply.ts';
import { API_ROUTES, matchRoute, methodsOf, type Route } from './routes.ts';
import { throttleReply, type Call, type Service } from './service.ts';
import { present } from './present.ts';

export interface ApiOptions {
  readonly oauth: OAuthServer;
  readonly find: (id: string) => CataloguedRecording | undefined;
  /** Metadata by interaction id. */
  readonly interactions: ReadonlyMap<string, Map<string, unknown>>;
  readonly link: (recording: CataloguedRecording) => string;
  readonly statesStartTime: boolean;
  /** Per token; `undefined` counts, but never refuses. */
  readonly requestsPerMinute: number | undefined;
  readonly now: () => number;
}

/** The platform's API in the tutorial's dialect, and its authorisation server. */
export function createGenesysApi(options: ApiOptions): Service {
  const { oauth } = options;

  const none = () => errorReply('genesys', 404);
  const answers: Record<Route['on'], (call: Call, id: string) => Reply> = {
    token: (call) => oauth.issue(call.request.headers, call.body),
    media: (_call, id) => describeMedia(options, id),
    interaction: (call, id) => handleInteraction(options, call, id),
    download: none,
    recording: none,
    conversation: none,
    batch: none,
    analytics: none,
    bulk: none,
    transcript: none,
    platform: none,
  };

  return {
    server: 'api',
    match: (method, path) => matchRoute(API_ROUTES, method, path),
    unknown(_method, path) {
      const methods = methodsOf(API_ROUTES, path);
      if (methods.length > 0) return errorReply('genesys', 405, { headers: { allow: methods.join(', ') } });
      const known = API_ROUTES.map((route) => `${route.method} ${route.path}`);
      return errorReply('genesys', 404, {
        message: `The simulator does not know this resource. It knows: ${known.join(', ')}`,
      });
    },
    locate: ({ path }) => path,
    handle(call) {
      if (call.match.on === 'token') return answers.token(call, '');
      return guardCall(options, call, () => answers[call.match.on](call, call.match.id ?? ''));
    },
  };
}

/** Every call of the API, of either dialect: checks and counts the token, and adds the platform's headers to `answer`. */
export function guardCall(
  { oauth, requestsPerMinute, now }: Pick<ApiOptions, 'oauth' | 'requestsPerMinute' | 'now'>,
  call: Call,
  answer: (clientId: string) => Reply,
): Reply {
  const check = oauth.check(call.request.headers.authorization, call.match.scope);
  if (!check.valid) return check.reply;
  const rate = countRequest(check.token, requestsPerMinute ?? REQUESTS_PER_MINUTE, now());
  const refused = rate.exceeded && requestsPerMinute !== undefined;
  const reply = refused ? throttleReply('genesys', String(rate.resetS)) : answer(check.token.clientId);
  return {
    ...reply,
    headers: { 'inin-correlation-id': randomUUID(), ...rate.headers, ...reply.headers },
  };
}

function describeMedia(options: ApiOptions, id: string): Reply {
  const recording = options.find(id);
  if (recording === undefined)
    return errorReply('genesys', 404, { body: { entityId: id, entityName: 'media' } });
  return jsonReply(200, {
    id: recording.id,
    ...(recording.status === 'complete' ? { downloadUrl: options.link(recording) } : {}),
    status: recording.status,
    mediaType: 'audio',
    ...present({ duration: recording.durationMs }),
    ...(options.statesStartTime ? { startTime: new Date(recording.startedAt).toISOString() } : {}),
  });
}

function handleInteraction(options: ApiOptions, call: Call, id: string): Reply {
  const metadata = options.interactions.get(id);
  if (metadata === undefined)
    return errorReply('genesys', 404, { body: { entityId: id, entityName: 'interaction' } });
  if (call.request.method === 'PATCH') {
    const given = readMetadata(call.body);
    if (given === undefined)
      return errorReply('genesys', 400, {
        message: 'The body must be a JSON object with an object "metadata".',
      });
    for (const [name, value] of Object.entries(given)) metadata.set(name, value);
  }
  return jsonReply(200, {
    id,
    metadata: Object.fromEntries(metadata),
    selfUri: `/api/v2/interactions/${encodeURIComponent(id)}`,
  });
}

function readMetadata(body: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const metadata = isObject(parsed) ? parsed['metadata'] : undefined;
    return isObject(metadata) ? metadata : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
