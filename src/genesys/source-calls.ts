import type { ApiAnswer } from './api-client.ts';
import { explainRefusalOf, type PermittedCall } from './permissions.ts';

const RECORDING = '/api/v2/conversations/{conversationId}/recordings/{recordingId}';
const PROTECTION = '/api/v2/recordings/deletionprotection';

/** Calls of the OAuth client that deletes and protects at the source, and of no other; `docs/permissions.md` explains them. */
export const SOURCE_CALLS = {
  lookAtDates: {
    method: 'GET',
    path: '/api/v2/conversations/{conversationId}/recordingmetadata/{recordingId}',
    permissions: [
      'recording:recording:view',
      'recording:screenRecording:view',
      'recording:recordingSegment:view',
      'recording:snippetRecording:view',
    ],
    why: 'reads the dates of a recording before and after they are changed (source-delete)',
  },
  setDates: {
    method: 'PUT',
    path: RECORDING,
    permissions: [
      'recording:recording:editRetention',
      'recording:screenRecording:editRetention',
      'recording:snippetRecording:editRetention',
    ],
    why: 'sets the date of deletion, or takes it back (source-delete)',
  },
  askProtection: {
    method: 'POST',
    path: PROTECTION,
    permissions: [],
    why: 'asks which of up to 100 conversations are protected from deletion (source-delete)',
  },
  setProtection: {
    method: 'PUT',
    path: PROTECTION,
    permissions: ['recording:deletionProtection:apply', 'recording:deletionProtection:revoke'],
    why: 'protects conversations of a hold, or no longer (hold place --mirror)',
  },
  askPermitted: {
    method: 'GET',
    path: '/api/v2/authorization/divisionspermitted/paged/me',
    permissions: [],
    why: 'asks whether the client gets recordings unredacted (source-delete)',
  },
} as const satisfies Record<string, PermittedCall>;

export type SourceCall = keyof typeof SOURCE_CALLS;

/** What to do about a 403 of one of these calls; `undefined` when it says nothing about permissions. */
export function explainSourceRefusal(
  call: SourceCall,
  answer: Pick<ApiAnswer, 'status' | 'errorCode'>,
): string | undefined {
  return answer.status === 403 ? explainRefusalOf(SOURCE_CALLS[call], answer) : undefined;
}
