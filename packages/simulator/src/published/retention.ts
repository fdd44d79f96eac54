import { jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { badRequest, pageSizeOf } from './paging.ts';
import { isDeleted, isListed, type ModelRecording } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import { present } from '../present.ts';

const PAGE = { largest: 500, byDefault: 25 };

/**
 * `GET /api/v2/recordings/retention/query`: recordings that are older than `retentionThresholdDays`. A cursor is the place of a
 * conversation among all, and of a recording in it.
 */
export function queryRetention(world: RecordingsWorld, call: Call): Reply {
  const days = Number(call.query.get('retentionThresholdDays') ?? Number.NaN);
  const pageSize = pageSizeOf(call, PAGE);
  const [, place, skip] = /^(\d+)\.(\d+)$/.exec(call.query.get('cursor') ?? '0.0') ?? [];
  if (!Number.isInteger(days) || pageSize === undefined || place === undefined) {
    return badRequest('retentionThresholdDays, pageSize or cursor is not valid');
  }
  const uri = (cursor: string) =>
    `/api/v2/recordings/retention/query?retentionThresholdDays=${days}&pageSize=${pageSize}&cursor=${cursor}`;
  const before = world.now() - days * 86_400_000;
  const entities: object[] = [];
  let next: string | undefined;
  let at = Number(place) - 1;
  walk: for (const conversation of world.from(Number(place))) {
    at += 1;
    if (conversation.endedAt > before || conversation.otherDivision) continue;
    for (const [index, recording] of conversation.recordings.entries()) {
      if (at === Number(place) && index < Number(skip)) continue;
      if (!isListed(recording, world.now()) || isDeleted(recording, world.now())) continue;
      if (entities.length === pageSize) {
        next = `${at}.${index}`;
        break walk;
      }
      entities.push(describeRetention(recording));
    }
  }
  return jsonReply(200, {
    entities,
    selfUri: uri(`${place}.${skip}`),
    ...present({ nextUri: next === undefined ? undefined : uri(next) }),
  });
}

function describeRetention(recording: ModelRecording): object {
  const { id, conversation, archiveDate, deleteDate, exportDate, exportedDate } = recording;
  return {
    conversationId: conversation.id,
    recordingId: id,
    creationTime: new Date(conversation.startedAt).toISOString(),
    ...present({ archiveDate, deleteDate, exportDate, exportedDate }),
  };
}
