import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveReference, ReferenceWriter } from '../ports.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { ensureFound, readField } from './references.ts';
import { parseJsonObject } from './responses.ts';

/** Others may amend the same document at the same time; each of them is let win this often at most. */
const MOST_CONFLICTS = 3;

interface Document {
  readonly id: string;
  readonly version: number | undefined;
  readonly keys: readonly string[];
}

/**
 * Custom attributes of the conversation, in a document of one schema: the keys of all its objects, one a line, and how they are
 * encrypted. A PATCH amends the fields it names and leaves the others; a version that has changed meanwhile is read again.
 *
 * @param schemaId of a schema with the text fields `archive_keys` and `archive_algorithm`.
 */
export function createCustomAttributesWriter(api: GenesysApi, schemaId: string): ReferenceWriter {
  return {
    async write({ conversationId }, reference, budget) {
      const path = ['api', 'v2', 'conversations', conversationId, 'customattributes'];
      const what = `custom attributes of conversation ${conversationId}`;
      for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts += 1) {
        const listed = await api.call({ method: 'GET', path }, budget);
        ensureFound(listed, `conversation ${conversationId}`, explainRefusal('listCustomAttributes', listed));
        if (listed.status !== 200)
          throw unexpectedAnswer(what, listed, explainRefusal('listCustomAttributes', listed));
        const document = findDocument(parseJsonObject(listed.text)?.['results'], schemaId);
        if (document?.keys.includes(reference.key) === true) return;
        const answer = await amend(api, path, schemaId, document, reference, budget);
        if (answer.status >= 200 && answer.status < 300) return;
        ensureFound(answer, `conversation ${conversationId}`);
        if (answer.status !== 409)
          throw unexpectedAnswer(what, answer, explainRefusal('amendCustomAttributes', answer));
      }
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what}: changed by others each time they were written`);
    },
  };
}

async function amend(
  api: GenesysApi,
  path: readonly string[],
  schemaId: string,
  document: Document | undefined,
  { key, algorithm }: ArchiveReference,
  budget: Budget,
): Promise<ApiAnswer> {
  const keys = [...new Set([...(document?.keys ?? []), key])].toSorted();
  const customAttributes = { archive_keys: keys.join('\n'), archive_algorithm: algorithm };
  if (document === undefined) {
    return api.call({ method: 'PUT', path, body: { id: schemaId, schemaId, customAttributes } }, budget);
  }
  const { id, version } = document;
  return api.call(
    { method: 'PATCH', path, body: { id, ...(version === undefined ? {} : { version }), customAttributes } },
    budget,
  );
}

function findDocument(results: unknown, schemaId: string): Document | undefined {
  if (!Array.isArray(results)) return undefined;
  const document: unknown = results.find((one) => readField(readField(one, 'schema'), 'id') === schemaId);
  const id = readField(document, 'id');
  if (typeof id !== 'string') return undefined;
  const version = readField(document, 'version');
  const keys = readField(readField(document, 'customAttributes'), 'archive_keys');
  return {
    id,
    version: typeof version === 'number' ? version : undefined,
    keys: typeof keys === 'string' ? keys.split('\n').filter((key) => key !== '') : [],
  };
}
