/** What rules of quarantine ask the platform about a recording. */
import type { Budget } from '../clock.ts';
import { parseForeignJson } from '../json.ts';
import type { AskedFact, QuarantineFacts, RecordingIds } from '../ports.ts';
import { type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { describeConversation } from './conversation-context.ts';
import { readConversation } from './conversation-facts.ts';
import { explainRefusal } from './permissions.ts';
import { MAX_LIST_MEMBERS, readField } from './responses.ts';

type Asked = Pick<QuarantineFacts, AskedFact>;

/** Refused, or not there: the platform does not tell, and asking again does not help. */
const UNTOLD = new Set([403, 404]);

/**
 * Asks for what is needed and no more: up to two requests. `undefined` is what the platform does not tell.
 *
 * @throws `GENESYS_BAD_RESPONSE`, and what the API client throws: the event is delivered again.
 */
export async function askQuarantineFacts(
  api: GenesysApi,
  { conversationId, recordingId }: RecordingIds,
  needed: ReadonlySet<AskedFact>,
  budget: Budget,
): Promise<Asked> {
  const path = ['api', 'v2', 'conversations', conversationId];
  const [conversation, annotations] = await Promise.all([
    needed.has('queues') || needed.has('divisions')
      ? askConversation(api, { path, conversationId }, budget)
      : NOT_ASKED,
    needed.has('annotations')
      ? askAnnotations(api, [...path, 'recordings', recordingId, 'annotations'], budget)
      : undefined,
  ]);
  return { ...conversation, annotations };
}

const NOT_ASKED = { queues: undefined, divisions: undefined };

async function askConversation(
  api: GenesysApi,
  { path, conversationId }: { readonly path: readonly string[]; readonly conversationId: string },
  budget: Budget,
): Promise<Omit<Asked, 'annotations'>> {
  const answer = await api.call({ method: 'GET', path }, budget);
  if (UNTOLD.has(answer.status)) return NOT_ASKED;
  const what = `queues of conversation ${conversationId}`;
  const conversation = readConversation(what, answer, conversationId);
  const { participants, divisionIds } = describeConversation(conversationId, conversation, [], 0);
  // a conversation has participants, and is in a division: without any, it was not told
  return {
    queues: participants.length === 0 ? undefined : participants.flatMap(({ queueId }) => queueId ?? []),
    divisions: divisionIds.length === 0 ? undefined : divisionIds,
  };
}

async function askAnnotations(
  api: GenesysApi,
  path: readonly string[],
  budget: Budget,
): Promise<Asked['annotations']> {
  const answer = await api.call({ method: 'GET', path }, budget);
  if (UNTOLD.has(answer.status)) return undefined;
  const listed = answer.status === 200 ? parseForeignJson(answer.text) : undefined;
  if (!Array.isArray(listed)) {
    throw unexpectedAnswer('annotations of a recording', answer, explainRefusal('listAnnotations', answer));
  }
  // what was not read may be the one that is looked for
  if (listed.length > MAX_LIST_MEMBERS) return undefined;
  return listed.flatMap(wordsOf);
}

/** A pause of the platform says by its reason which it is: one for a hold is none that was made on purpose. */
function wordsOf(annotation: unknown): readonly string[] {
  const word = (name: string) => {
    const value = readField(annotation, name);
    return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
  };
  const [type, reason, name] = [word('type'), word('reason'), word('name')];
  const isOfPlatform = reason !== undefined && type === 'pause';
  return [isOfPlatform ? undefined : type, reason, name].filter((one) => one !== undefined);
}
