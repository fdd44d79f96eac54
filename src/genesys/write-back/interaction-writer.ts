import { ArchiveError } from '../../errors.ts';
import type { ReferenceWriter } from '../../ports.ts';
import type { GenesysApi } from '../api-client.ts';
import { readField } from '../responses.ts';
import { requireWritten } from './written.ts';

/**
 * `PATCH /api/v2/interactions/{id}`: merges three keys into the metadata of the interaction. All three are values of the stored
 * object, so that a repeated write-back writes the same.
 */
export function createInteractionWriter(api: GenesysApi): ReferenceWriter {
  return {
    async write({ conversationId }, reference, budget) {
      const what = `interaction ${conversationId}`;
      const answer = await api.call(
        {
          method: 'PATCH',
          path: ['api', 'v2', 'interactions', conversationId],
          body: {
            metadata: {
              s3_archive_key: reference.key,
              archive_timestamp: new Date(reference.archivedAt).toISOString(),
              encryption_algorithm: reference.algorithm,
            },
          },
        },
        budget,
      );
      if (answer.status === 404) {
        throw new ArchiveError('INTERACTION_NOT_FOUND', `${what} not found (404)`, {
          details: { status: 404, correlationId: answer.correlationId },
        });
      }
      requireWritten(what, answer, {
        asked: { conversationId, own: 'conversationId' },
        shows: (body) => showsReference(body, reference.key),
        hint: 'the OAuth client needs the scope interaction:metadata:update',
      });
    },
  };
}

/**
 * The tutorial describes no body of the answer: one that does not name the interaction proves nothing, neither way. Metadata that are
 * shown without the reference prove that it was not merged.
 */
function showsReference(body: unknown, key: string): boolean | undefined {
  const metadata = readField(body, 'metadata');
  if (typeof metadata === 'object' && metadata !== null) return readField(metadata, 's3_archive_key') === key;
  return readField(body, 'id') === undefined ? undefined : true;
}
