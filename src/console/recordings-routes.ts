import { recordingsPage, recordingsQuery } from './api-schema.ts';
import { jsonAnswer } from './exchange.ts';
import { listRecordings, searchQueryOf } from './list-recordings.ts';
import { route, type Route } from './route.ts';

export const RECORDINGS_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings',
      needs: 'see',
      summary: 'a page of the recordings that the catalogue has, newest first',
      query: recordingsQuery,
      answers: [{ status: 200, shape: recordingsPage }],
    },
    async ({ archive, query, session, budget }) =>
      jsonAnswer(200, await listRecordings(archive, searchQueryOf(query, session), query, budget)),
  ),
];
