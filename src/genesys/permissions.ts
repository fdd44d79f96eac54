import type { ApiAnswer } from './api-client.ts';

/** A call of the published API that this program makes, and what the role of the OAuth client has to allow for it. */
export interface PermittedCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the platform's API description writes it. */
  readonly path: string;
  /** Any one of these is enough; empty where the platform documents none. */
  readonly permissions: readonly string[];
  readonly why: string;
}

/** Sees recordings at all. One of the four opens the call, but only recordings of its own kind are in the answer. */
const VIEW = [
  'recording:recording:view',
  'recording:screenRecording:view',
  'recording:recordingSegment:view',
  'recording:snippetRecording:view',
] as const;

const CONVERSATION = '/api/v2/conversations/{conversationId}';
const RECORDING = `${CONVERSATION}/recordings/{recordingId}`;

/** Every call of the published API. `docs/permissions.md` explains the table, and a test compares the two. */
export const CALLS = {
  listRecordings: {
    method: 'GET',
    path: `${CONVERSATION}/recordingmetadata`,
    permissions: VIEW,
    why: 'finds the recordings of a conversation and their states, without having files made',
  },
  getRecording: {
    method: 'GET',
    path: RECORDING,
    permissions: VIEW,
    why: 'has the file of one recording made and linked',
  },
  restoreRecording: {
    method: 'PUT',
    path: RECORDING,
    permissions: ['recording:recording:restore'],
    why: 'brings a recording back from the platform’s archive (ARCHIVE_RESTORE_ARCHIVED=1)',
  },
  submitBatch: {
    method: 'POST',
    path: '/api/v2/recording/batchrequests',
    permissions: VIEW,
    why: 'has the files of up to 100 recordings linked at once (GENESYS_BATCH=1)',
  },
  pollBatch: {
    method: 'GET',
    path: '/api/v2/recording/batchrequests/{jobId}',
    permissions: [],
    why: 'waits for them; only the client that asked may',
  },
  getConversation: {
    method: 'GET',
    path: CONVERSATION,
    permissions: ['conversation:communication:view'],
    why: 'knows when a conversation ended where the event does not say so, who took part, for context and transcripts beside the recording, and when it began, for ARCHIVE_LAYOUT=genesys-export',
  },
  listAnnotations: {
    method: 'GET',
    path: `${RECORDING}/annotations`,
    permissions: ['recording:annotation:view'],
    why: 'knows pauses and marks such as `pii`, where rules of quarantine ask for them (ARCHIVE_QUARANTINE)',
  },
  annotate: {
    method: 'POST',
    path: `${RECORDING}/annotations`,
    permissions: ['recording:annotation:add'],
    why: 'writes the reference (ARCHIVE_WRITE_BACK=annotation)',
  },
  tag: {
    method: 'PUT',
    path: `${CONVERSATION}/tags`,
    permissions: ['conversation:externalTag:edit'],
    why: 'writes the reference (ARCHIVE_WRITE_BACK=external-tag)',
  },
  listCustomAttributes: {
    method: 'GET',
    path: `${CONVERSATION}/customattributes`,
    permissions: ['conversation:customAttributes:view'],
    why: 'finds the document of the schema (ARCHIVE_WRITE_BACK=custom-attributes)',
  },
  amendCustomAttributes: {
    method: 'PATCH',
    path: `${CONVERSATION}/customattributes`,
    permissions: ['conversation:customAttributes:edit'],
    why: 'writes the reference into it',
  },
  putCustomAttributes: {
    method: 'PUT',
    path: `${CONVERSATION}/customattributes`,
    permissions: ['conversation:customAttributes:edit'],
    why: 'begins the document where the conversation has none',
  },
  setParticipantAttributes: {
    method: 'PATCH',
    path: `${CONVERSATION}/participants/{participantId}/attributes`,
    permissions: [],
    why: 'writes the reference (ARCHIVE_WRITE_BACK=participant-attributes)',
  },
  getTranscriptUrls: {
    method: 'GET',
    path: '/api/v2/speechandtextanalytics/conversations/{conversationId}/communications/{communicationId}/transcripturls',
    permissions: ['recording:recording:view', 'recording:recordingSegment:view'],
    why: 'has the transcripts of a conversation linked (ARCHIVE_TRANSCRIPTS=1)',
  },
  getOrganization: {
    method: 'GET',
    path: '/api/v2/organizations/me',
    permissions: [],
    why: 'tells the id of the organization, which data keys and exports are bound to',
  },
} as const satisfies Record<string, PermittedCall>;

export type CallName = keyof typeof CALLS;

/** Without it, recordings that were redacted arrive redacted, and batch downloads leave them out, both without a word. */
export const SENSITIVE = 'recording:recording:viewSensitiveData';

/**
 * What to do about a 403 or 404; `undefined` when it says nothing about permissions.
 * The codes are those of the platform's API description.
 */
export function explainRefusal(
  call: CallName,
  answer: Pick<ApiAnswer, 'status' | 'errorCode'>,
): string | undefined {
  return explainRefusalOf(CALLS[call], answer);
}

/** The same for a call of any table. */
export function explainRefusalOf(
  { permissions }: PermittedCall,
  { status, errorCode = '' }: Pick<ApiAnswer, 'status' | 'errorCode'>,
): string | undefined {
  const wanted =
    permissions.length === 0 ? '' : ` ${permissions.length > 1 ? 'one of ' : ''}${permissions.join(', ')}`;
  if (status === 404) {
    return 'a conversation in a division that the role of the OAuth client was not granted for is answered in the same way: check the divisions of the role';
  }
  if (status !== 403) return undefined;
  if (errorCode === 'app.not.authorized.for.scope') return 'the OAuth client is restricted to other scopes';
  if (errorCode === 'batch.download.permission.denied')
    return 'only the OAuth client that began a batch download may read it';
  if (errorCode === 'authz.policy.denied')
    return 'a policy of the organization denies this call to the OAuth client';
  return `give the role of the OAuth client${wanted === '' ? ' access to this call' : wanted}, in the division of the conversation; docs/permissions.md lists what each call needs`;
}
