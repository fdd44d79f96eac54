import { ArchiveError } from '../errors.ts';
import { fileQuery, transcriptShape } from './api-schema.ts';
import { locateRecording } from './locate.ts';
import { route, type Route } from './route.ts';

export const TRANSCRIPT_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings/:id/transcript',
      needs: 'read',
      summary: 'the transcript that was archived; 404 `NO_TRANSCRIPT` without one',
      query: fileQuery,
      answers: [{ status: 200, shape: transcriptShape }],
      entry: 'read',
    },
    async ({ archive, session, params, budget }) => {
      await locateRecording(archive, session, params['id'] ?? '', budget);
      throw new ArchiveError('NO_TRANSCRIPT', 'no transcript of this recording is archived');
    },
  ),
];
