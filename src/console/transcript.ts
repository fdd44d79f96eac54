import { readSealedJson } from './sealed-json.ts';
import { ArchiveError } from '../errors.ts';
import { readField } from '../json.ts';
import { transcriptKey } from '../record/object-key.ts';
import { fileQuery, transcriptShape } from './api-schema.ts';
import { jsonAnswer } from './exchange.ts';
import { fileOf, locateRecording } from './locate.ts';
import { readTranscript } from './read-transcript.ts';
import { route, type Route } from './routes/route.ts';

export const TRANSCRIPT_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings/:id/transcript',
      needs: 'read',
      summary: 'the transcript that was archived, which is an entry; 404 `NO_TRANSCRIPT` without one',
      query: fileQuery,
      answers: [{ status: 200, shape: transcriptShape }],
      entry: 'read',
    },
    async ({ state, archive, session, params, query, budget }) => {
      const located = await locateRecording(archive, session, params['id'] ?? '', budget);
      const { key } = fileOf(located, query.channel);
      const place = transcriptKey(key, 'known');
      if ((await archive.store.head(place, budget)) === undefined) {
        const statuses = ['none', 'forbidden'] as const;
        const stats = await Promise.all(
          statuses.map((status) => archive.store.head(transcriptKey(key, status), budget)),
        );
        const why = stats[0] !== undefined ? WHY.none : stats[1] !== undefined ? WHY.forbidden : WHY.notAsked;
        throw new ArchiveError('NO_TRANSCRIPT', `no transcript of this recording is archived: ${why}`);
      }
      const entry = { action: 'read', recording: located.recordingId, key: place } as const;
      await state.access.write(archive, session, entry);
      const read = await readSealedJson(archive, place, budget);
      const transcript =
        read.state === 'read' ? readTranscript(readField(read.value, 'transcript')) : undefined;
      if (transcript === undefined) {
        throw new ArchiveError(
          'OBJECT_MALFORMED',
          `the transcript of this recording cannot be read: ${read.state}`,
        );
      }
      return jsonAnswer(200, transcript);
    },
  ),
];

const WHY = {
  none: 'the platform had none',
  forbidden: 'the platform refused it',
  notAsked: 'the platform was not asked',
} as const;
