import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ArchiveReference, ReferenceWriter } from '../../ports.ts';
import { present } from '../../present.ts';
import { isSameId } from '../../recording/id.ts';
import { requireSameIds } from '../answer-ids.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import { readField } from '../responses.ts';
import { ensureFound } from './references.ts';
import { parseJsonObject } from '../responses.ts';
import { requireWritten } from './written.ts';

/** Others may amend the same document at the same time; each of them is let win this often at most. */
const MAX_CONFLICTS = 3;

interface Document {
  readonly id: string;
  readonly version: number | undefined;
  /** Who may see the document. A PATCH that does not name them makes it visible to all users (`CustomAttributesPatchRequest`). */
  readonly divisions: readonly string[] | undefined;
  readonly keys: readonly string[];
}

/**
 * Custom attributes of the conversation, in a document of one schema: the keys of all its objects, one a line, and how they are
 * encrypted. A PATCH amends the fields it names and leaves the others, but takes away the divisions it does not name: they are read and
 * sent back. A version that has changed meanwhile is read again.
 *
 * @param schemaId of a schema with the text fields `archive_keys` and `archive_algorithm`.
 */
export function createCustomAttributesWriter(api: GenesysApi, schemaId: string): ReferenceWriter {
  return {
    async write({ conversationId }, reference, budget) {
      const path = ['api', 'v2', 'conversations', conversationId, 'customattributes'];
      const what = `custom attributes of conversation ${conversationId}`;
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
        const listed = await api.call({ method: 'GET', path }, budget);
        ensureFound(listed, `conversation ${conversationId}`, explainRefusal('listCustomAttributes', listed));
        if (listed.status !== 200)
          throw unexpectedAnswer(what, listed, explainRefusal('listCustomAttributes', listed));
        const document = readDocument(what, listed, conversationId, schemaId);
        if (document?.keys.includes(reference.key) === true) return;
        const answer = await amend(api, { path, schemaId, document }, reference, budget);
        ensureFound(answer, `conversation ${conversationId}`);
        if (answer.status === 409) continue;
        requireWritten(what, answer, {
          asked: { conversationId },
          needsBody: document === undefined,
          shows: (body) => showsDocument(body, document?.id ?? schemaId),
          hint: explainRefusal('amendCustomAttributes', answer),
        });
        return;
      }
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what}: changed by others each time they were written`);
    },
  };
}

interface Amendable {
  readonly path: readonly string[];
  readonly schemaId: string;
  /** `undefined`: it is created. */
  readonly document: Document | undefined;
}

async function amend(
  api: GenesysApi,
  { path, schemaId, document }: Amendable,
  { key, algorithm }: ArchiveReference,
  budget: Budget,
): Promise<ApiAnswer> {
  const keys = [...new Set([...(document?.keys ?? []), key])].toSorted();
  const customAttributes = { archive_keys: keys.join('\n'), archive_algorithm: algorithm };
  if (document === undefined) {
    return api.call({ method: 'PUT', path, body: { id: schemaId, schemaId, customAttributes } }, budget);
  }
  const { id, version, divisions } = document;
  const body = {
    id,
    ...present({ version, divisions }),
    customAttributes,
  };
  return api.call({ method: 'PATCH', path, body }, budget);
}

/** Both answers that have a body state the id of the document, which the client chooses (`CustomAttributesIdResponse`). */
function showsDocument(body: unknown, id: string): boolean | undefined {
  const stated = readField(body, 'id');
  return stated === undefined ? undefined : isSameId(stated, id);
}

/**
 * The document of the schema, `undefined` while it does not exist.
 *
 * @throws `GENESYS_BAD_RESPONSE` when the answer is no such list, or is about another conversation: what is taken for missing would be
 *   replaced.
 */
function readDocument(
  what: string,
  listed: ApiAnswer,
  conversationId: string,
  schemaId: string,
): Document | undefined {
  const results = parseJsonObject(listed.text)?.['results'];
  if (!Array.isArray(results)) throw unexpectedAnswer(what, listed);
  const document: unknown =
    results.find((one) => isSameId(readField(readField(one, 'schema'), 'id'), schemaId)) ??
    results.find((one) => isSameId(readField(one, 'id'), schemaId));
  if (document === undefined) return undefined;
  requireSameIds(what, listed, document, { conversationId });
  const id = readField(document, 'id');
  const version = readField(document, 'version');
  const divisions = readField(document, 'divisions') ?? undefined;
  const keys = readField(readField(document, 'customAttributes'), 'archive_keys');
  const readable = divisions === undefined || (Array.isArray(divisions) && divisions.every(isText));
  if (!isText(id) || !readable) throw unexpectedAnswer(what, listed);
  return {
    id,
    version: typeof version === 'number' ? version : undefined,
    divisions,
    keys: isText(keys) ? keys.split('\n').filter((key) => key !== '') : [],
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
