import type { Budget } from '../clock.ts';
import { present } from '../present.ts';
import type { WriteBack } from '../recording/write-back.ts';
import type { ApiRequest, GenesysApi } from './api-client.ts';
import { CALLS, type CallName, explainRefusal, type PermittedCall } from './permissions.ts';

/** What one call showed about the role of the OAuth client. */
export interface PermissionProbe {
  readonly call: CallName;
  /** `missing`: refused with 403. `unknown`: answered in a way that tells neither. */
  readonly verdict: 'granted' | 'missing' | 'unknown';
  /** Any one of these is enough. */
  readonly permissions: readonly string[];
  readonly why: string;
  /** What to do about `missing`. */
  readonly hint?: string;
  readonly status: number;
  readonly correlationId?: string;
}

/** Of these the configuration decides which calls will be made. */
export interface ProbeChoices {
  readonly batch: boolean;
  readonly restoreArchived: boolean;
  /** Set where transcripts are kept. */
  readonly transcripts?: object | undefined;
  readonly writeBack: WriteBack;
}

/**
 * An id that the platform never issues. No request about it, not even a write, can concern a conversation:
 * a client with the permission is told that it is not found (404) or that the body is wrong (400), one without is refused (403).
 */
const UNUSED_ID = '00000000-0000-4000-8000-000000000000';

const WRITE_BACK_CALLS: Readonly<Record<ProbeChoices['writeBack'], readonly CallName[]>> = {
  none: [],
  annotation: ['annotate'],
  'external-tag': ['getConversation', 'tag'],
  'participant-attributes': ['getConversation', 'setParticipantAttributes'],
  'custom-attributes': ['listCustomAttributes', 'amendCustomAttributes'],
};

/** The calls that will be made, each once. */
export function callsToProbe(choices: ProbeChoices): readonly CallName[] {
  const { batch, restoreArchived, transcripts, writeBack } = choices;
  return [
    ...new Set<CallName>([
      'getOrganization',
      'listRecordings',
      ...(batch ? (['submitBatch'] as const) : (['getRecording'] as const)),
      'getConversation',
      ...(restoreArchived ? (['restoreRecording'] as const) : []),
      ...(transcripts === undefined ? [] : (['getTranscriptUrls'] as const)),
      ...WRITE_BACK_CALLS[writeBack],
    ]),
  ];
}

/**
 * Asks each call once, for something that does not exist, and tells from the refusal what the client may do. A permission that is
 * granted for one division only cannot be told from one that is granted for all.
 *
 * @throws what the API client throws: `GENESYS_AUTH_REJECTED`, `GENESYS_THROTTLED`, `GENESYS_UNAVAILABLE`, `OUT_OF_TIME`.
 */
export async function probePermissions(
  api: GenesysApi,
  choices: ProbeChoices,
  budget: Budget,
): Promise<readonly PermissionProbe[]> {
  const probes: PermissionProbe[] = [];
  for (const call of callsToProbe(choices)) {
    const { permissions, why }: PermittedCall = CALLS[call];
    const { status, errorCode, correlationId } = await api.call(requestOf(call), budget);
    const verdict = verdictOf(status);
    const hint = verdict === 'missing' ? explainRefusal(call, { status, errorCode }) : undefined;
    probes.push({
      call,
      verdict,
      permissions,
      why,
      status,
      ...present({ hint, correlationId }),
    });
  }
  return probes;
}

function verdictOf(status: number): PermissionProbe['verdict'] {
  if (status === 403) return 'missing';
  // 409: a version conflict with something that is not there, which some services answer before they look
  return (status >= 200 && status < 300) || [400, 404, 409].includes(status) ? 'granted' : 'unknown';
}

/** An empty body changes nothing, even if the id should exist after all. */
function requestOf(call: CallName): ApiRequest {
  const { method, path }: PermittedCall = CALLS[call];
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => (segment.startsWith('{') ? UNUSED_ID : segment));
  return { method, path: segments, ...(method === 'GET' ? {} : { body: {} }) };
}
