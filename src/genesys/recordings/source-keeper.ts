/** Dates of deletion and the platform's protection, over its published API. */
import type { Budget } from '../../clock.ts';
import type { ErrorCode } from '../../errors.ts';
import {
  MAX_PROTECTION_IDS,
  type Protection,
  type ProtectionChange,
  type SourceChange,
  type SourceDates,
  type SourceIds,
  type SourceKeeper,
  type SourceStanding,
} from '../../ports.ts';
import { canonicalId, isSameId } from '../../recording/id.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { requireSameIds } from '../answer-ids.ts';
import { parseForeignJson } from '../../json.ts';
import { parseJsonObject, readField } from '../responses.ts';
import { explainSourceRefusal, SOURCE_CALLS, type SourceCall } from '../source-calls.ts';
import { requireWritten } from '../write-back/written.ts';

const PROTECTION = ['api', 'v2', 'recordings', 'deletionprotection'];
/** The platform's code for a recording that it does not have, in a conversation that it has. */
const NO_RECORDING = 'recording.recording.not.found';
/** Stated with 400 for a recording that is deleted, or not uploaded yet. */
const NOT_CHANGEABLE = 'recording.not.archivable';
const SENSITIVE = 'recording:recording:viewSensitiveData';

export function createSourceKeeper(api: GenesysApi): SourceKeeper {
  return {
    look: async ({ conversationId, recordingId }, budget) => {
      const path = ['api', 'v2', 'conversations', conversationId, 'recordingmetadata', recordingId];
      const answer = await api.call({ method: 'GET', path }, budget);
      if (answer.status === 404 && answer.errorCode === NO_RECORDING) {
        return { state: 'gone', answer: 'not-found' };
      }
      if (answer.status === 403 || answer.status === 404) return unknown('lookAtDates', answer);
      return readStanding(answer, { conversationId, recordingId });
    },
    setDates: (ids, dates, budget) => setDates(api, { ids, dates }, budget),
    protectionOf: async (conversationIds, budget) => {
      const found = new Map<string, Protection>();
      const wanted = [...new Set(conversationIds.map(canonicalId))];
      for (let at = 0; at < wanted.length; at += MAX_PROTECTION_IDS) {
        await askProtection(api, wanted.slice(at, at + MAX_PROTECTION_IDS), found, budget);
      }
      return found;
    },
    protect: (conversationIds, on, budget) => protect(api, { conversationIds, on }, budget),
    seesUnredacted: async (budget) => {
      const path = ['api', 'v2', 'authorization', 'divisionspermitted', 'paged', 'me'];
      const answer = await api.call({ method: 'GET', path, query: { permission: SENSITIVE } }, budget);
      if (answer.status !== 200) return 'unknown';
      const isAll = parseJsonObject(answer.text)?.['allDivsPermitted'];
      return isAll === true ? 'yes' : isAll === false ? 'no' : 'unknown';
    },
  };
}

function readStanding(answer: ApiAnswer, ids: SourceIds): SourceStanding {
  const what = `dates of recording ${ids.recordingId}`;
  const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
  const id = readField(body, 'id');
  const fileState = readField(body, 'fileState');
  if (body === undefined || typeof id !== 'string' || typeof fileState !== 'string') {
    throw unexpectedAnswer(what, answer);
  }
  requireSameIds(what, answer, body, { ...ids, own: 'recordingId' });
  if (fileState === 'DELETED') return { state: 'gone', answer: 'DELETED' };
  const date = (name: string) => {
    const stated = readField(body, name);
    if (stated === undefined || stated === null) return undefined;
    if (typeof stated === 'string' && stated.length <= MAX_DATE_CHARS && Number.isFinite(Date.parse(stated)))
      return stated;
    // a date that cannot be read must not pass for none
    throw unexpectedAnswer(`${what} (${name})`, answer);
  };
  const dates: SourceDates = { deleteDate: date('deleteDate'), archiveDate: date('archiveDate') };
  return {
    state: 'listed',
    fileState,
    dates,
    exportPending: date('exportDate') !== undefined && date('exportedDate') === undefined,
  };
}

/** ISO 8601 with a zone has 29 or less. */
const MAX_DATE_CHARS = 40;

async function setDates(
  api: GenesysApi,
  { ids, dates }: { readonly ids: SourceIds; readonly dates: SourceDates },
  budget: Budget,
): Promise<SourceChange> {
  const { conversationId, recordingId } = ids;
  const path = ['api', 'v2', 'conversations', conversationId, 'recordings', recordingId];
  // both, always: what is left out may be taken away, or stay
  const body = { deleteDate: dates.deleteDate ?? null, archiveDate: dates.archiveDate ?? null };
  const answer = await api.call({ method: 'PUT', path, body }, budget);
  if (answer.status === 409) return { state: 'conflict' };
  if (answer.status === 403) return refused('setDates', answer);
  if (answer.status === 404 || (answer.status === 400 && answer.errorCode === NOT_CHANGEABLE)) {
    return { state: 'refused', code: 'MEDIA_NOT_FOUND', reason: reasonOf(answer) };
  }
  if (answer.status === 400)
    return { state: 'refused', code: 'GENESYS_BAD_RESPONSE', reason: reasonOf(answer) };
  const asked = { conversationId, recordingId, own: 'recordingId' } as const;
  requireWritten(`dates of recording ${recordingId}`, answer, { asked, needsBody: true });
  return { state: 'accepted' };
}

/** One conversation that is not found has the platform refuse the whole call: then each is asked about by itself. */
async function askProtection(
  api: GenesysApi,
  ids: readonly string[],
  found: Map<string, Protection>,
  budget: Budget,
): Promise<void> {
  const answer = await api.call({ method: 'POST', path: PROTECTION, body: { conversationIds: ids } }, budget);
  const body = answer.status === 200 ? parseForeignJson(answer.text) : undefined;
  if (answer.status === 200) {
    if (!Array.isArray(body)) throw unexpectedAnswer('protection of conversations', answer);
    const held = body.map((one: unknown) => readField(one, 'id'));
    const isForeign = held.some((id) => !ids.some((asked) => isSameId(id, asked)));
    if (isForeign) throw unexpectedAnswer('protection of conversations', answer);
    for (const id of ids) found.set(id, held.some((one) => isSameId(one, id)) ? 'protected' : 'none');
    return;
  }
  if (answer.status === 403 || ids.length === 1) {
    for (const id of ids) found.set(id, 'unknown');
    return;
  }
  for (const id of ids) await askProtection(api, [id], found, budget);
}

async function protect(
  api: GenesysApi,
  { conversationIds, on }: { readonly conversationIds: readonly string[]; readonly on: boolean },
  budget: Budget,
): Promise<ProtectionChange> {
  const query = { protect: String(on) };
  const body = { conversationIds };
  const answer = await api.call({ method: 'PUT', path: PROTECTION, query, body }, budget);
  if (answer.status === 204 || answer.status === 200) return { state: 'done' };
  const isFull = on && answer.status === 400 && conversationIds.length === 1;
  return { ...refused('setProtection', answer), isFull };
}

function unknown(call: SourceCall, answer: ApiAnswer): SourceStanding {
  const { code, reason } = refused(call, answer);
  return { state: 'unknown', code, reason };
}

function refused(
  call: SourceCall,
  answer: ApiAnswer,
): { readonly state: 'refused'; readonly code: ErrorCode; readonly reason: string } {
  const hint = explainSourceRefusal(call, answer);
  const reason = `${SOURCE_CALLS[call].method} was answered with ${reasonOf(answer)}`;
  return {
    state: 'refused',
    code:
      answer.status === 403
        ? 'GENESYS_FORBIDDEN'
        : answer.status === 404
          ? 'MEDIA_NOT_FOUND'
          : 'GENESYS_BAD_RESPONSE',
    reason: hint === undefined ? reason : `${reason}: ${hint}`,
  };
}

function reasonOf({ status, errorCode }: ApiAnswer): string {
  return errorCode === undefined ? String(status) : `${status}, ${errorCode}`;
}
