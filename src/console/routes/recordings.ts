import { archiveQuery, recordingDetail, recordingsPage, recordingsQuery } from '../api-schema.ts';
import { jsonAnswer } from '../exchange.ts';
import { listRecordings, searchQueryOf } from '../list-recordings.ts';
import { locateRecording } from '../locate.ts';
import { describeRecording, readContext } from '../recording-detail.ts';
import { resolvePeople } from '../resolve-people.ts';
import { route, type Route } from './route.ts';

export const RECORDINGS_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/recordings',
      needs: 'see',
      summary:
        'a page of the recordings that the catalogue has, newest first; a name of an agent or a number of a customer needs `reveal`, and is an entry',
      query: recordingsQuery,
      answers: [{ status: 200, shape: recordingsPage }],
    },
    async (call) => {
      const { archive, query, session, budget } = call;
      const asked = await resolvePeople(call, searchQueryOf(query, session));
      return jsonAnswer(200, await listRecordings(archive, asked, query, budget));
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/recordings/:id',
      needs: 'see',
      summary:
        'a recording, its files, its receipt, and with `read` what the platform said of the conversation, which is an entry',
      query: archiveQuery,
      answers: [{ status: 200, shape: recordingDetail }],
      entry: 'read',
    },
    async ({ state, archive, session, grants, params, budget }) => {
      const located = await locateRecording(archive, session, params['id'] ?? '', budget);
      const known = await describeRecording(archive, located, budget);
      if (!grants.has('read')) return jsonAnswer(200, { ...known, contextState: 'not-allowed' });
      const entry = { action: 'read', recording: located.recordingId } as const;
      await state.access.write(archive, session, entry);
      return jsonAnswer(200, { ...known, ...(await readContext(archive, located, budget)) });
    },
  ),
];
