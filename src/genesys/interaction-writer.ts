import { ArchiveError } from '../errors.ts';
import type { ReferenceWriter } from '../ports.ts';
import { type GenesysApi, unexpectedAnswer } from './api-client.ts';

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
      if (answer.status >= 200 && answer.status < 300) return;
      if (answer.status === 404) {
        throw new ArchiveError('INTERACTION_NOT_FOUND', `${what} not found (404)`, {
          details: { status: 404, correlationId: answer.correlationId },
        });
      }
      throw unexpectedAnswer(what, answer, 'the OAuth client needs the scope interaction:metadata:update');
    },
  };
}
