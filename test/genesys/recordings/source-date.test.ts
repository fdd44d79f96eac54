import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import type { ApiRequest, GenesysApi } from '../../../src/genesys/api-client.ts';
import { readSourceDate } from '../../../src/genesys/recordings/source-date.ts';

const recordingId = '0d5a3c6e-1111-4111-8111-111111111111';
const conversationId = '0d5a3c6e-2222-4222-8222-222222222222';

describe('when the platform deletes its own recording', () => {
  it.each([
    [
      200,
      { id: recordingId, deleteDate: '2027-01-31T00:00:00.000Z' },
      { state: 'set', deleteDate: Date.UTC(2027, 0, 31) },
    ],
    [202, { id: recordingId }, { state: 'none' }],
    [200, { id: recordingId, deleteDate: 'soon' }, { state: 'unknown' }],
    [200, { id: conversationId, deleteDate: '2027-01-31T00:00:00.000Z' }, { state: 'unknown' }],
    [200, 'no JSON of a recording', { state: 'unknown' }],
    [403, {}, { state: 'forbidden' }],
    [404, {}, { state: 'gone' }],
    [400, {}, { state: 'unknown' }],
  ])('is told apart: an answer %i of %j', async (status, body, expected) => {
    const asked: ApiRequest[] = [];
    const api: GenesysApi = {
      call: (request) => {
        asked.push(request);
        return Promise.resolve({
          status,
          text: JSON.stringify(body),
          errorCode: undefined,
          correlationId: undefined,
        });
      },
    };
    expect(await readSourceDate(api, { conversationId, recordingId }, unlimited)).toEqual(expected);
    expect(asked[0]?.query).toEqual({ download: 'false' });
  });
});
