import { ArchiveError } from '../../errors.ts';
import type { ArchiveRequest, MediaResolver, Resolution } from '../../ports.ts';
import { present } from '../../present.ts';
import { requireSameIds } from '../answer-ids.ts';
import { type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { parseJsonObject } from '../responses.ts';

/** OAuth scopes of this dialect, as its token request states them. */
export const MEDIA_SCOPES = 'media:view interaction:metadata:update';

/** When the platform says that a recording is not complete, asking again sooner than this (ms) only costs rate budget. */
const NOT_READY_PAUSE_MS = 60_000;

/** States of a media object that will never become `complete`. */
const GONE = new Set(['deleted', 'error', 'failed']);

/**
 * `GET /api/v2/media/{id}` → `{id, downloadUrl, status, mediaType, duration}`: one recording, one file, one link that expires
 * within minutes.
 *
 * @param organizationId where it is known, answers about another organization are refused.
 */
export function createMediaApi(api: GenesysApi, organizationId?: string): MediaResolver {
  return {
    async resolve(request: ArchiveRequest, budget): Promise<Resolution> {
      if (request.dialect !== 'media') {
        throw new ArchiveError(
          'EVENT_INVALID',
          'the event names no mediaId, which this dialect of the API needs',
        );
      }
      const { mediaId, interactionId } = request;
      const what = `media ${mediaId}`;
      const answer = await api.call({ method: 'GET', path: ['api', 'v2', 'media', mediaId] }, budget);
      if (answer.status === 404 || answer.status === 410)
        return { state: 'gone', reason: `not found (${answer.status})` };
      if (answer.status === 202)
        return { state: 'not-ready', status: 'accepted', retryAfterMs: NOT_READY_PAUSE_MS };
      if (answer.status !== 200) {
        throw unexpectedAnswer(what, answer, 'the OAuth client needs the scope media:view');
      }
      const body = parseJsonObject(answer.text);
      if (body === undefined) throw unexpectedAnswer(what, answer);
      const asked = { conversationId: interactionId, recordingId: mediaId, organizationId };
      requireSameIds(what, answer, body, { ...asked, own: 'recordingId' });
      const status = typeof body['status'] === 'string' ? body['status'].toLowerCase() : undefined;
      if (status !== undefined && GONE.has(status)) return { state: 'gone', reason: status };
      if (status !== undefined && status !== 'complete') {
        return { state: 'not-ready', status: status.slice(0, 40), retryAfterMs: NOT_READY_PAUSE_MS };
      }
      const url = body['downloadUrl'];
      if (typeof url !== 'string' || url === '') {
        throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what} is complete but has no downloadUrl`, {
          details: { status: answer.status, correlationId: answer.correlationId },
        });
      }
      // the tutorial's answers carry it: a link without it may be another recording's
      if (typeof body['id'] !== 'string') {
        throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what}: the answer states no id`, {
          details: { status: answer.status, correlationId: answer.correlationId },
        });
      }
      const mediaType = body['mediaType'];
      const durationMs = body['duration'];
      const recordedAt = recordingTime(body);
      return {
        state: 'ready',
        items: [
          {
            ids: { recordingId: mediaId, conversationId: interactionId },
            url,
            ...(typeof mediaType === 'string' ? { mediaType: mediaType.slice(0, 40) } : {}),
            ...(typeof durationMs === 'number' && durationMs >= 0 ? { durationMs } : {}),
            ...present({ recordedAt }),
          },
        ],
      };
    },
  };
}

/** The published description of a media object names no time; where a platform sends one of these, it does not change. */
function recordingTime(body: Record<string, unknown>): number | undefined {
  for (const name of ['endTime', 'startTime', 'createdAt', 'dateCreated']) {
    const value = body[name];
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(value)) continue;
    const at = Date.parse(value);
    if (at >= Date.UTC(2000, 0) && at < Date.UTC(2100, 0)) return at;
  }
  return undefined;
}
