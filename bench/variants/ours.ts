/** The product, wired as it ships: events parsed, every check made, object, receipt and link marker written and verified. */
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { runSample } from './worker.ts';

/** All of them ended at the same moment, which files them under the same day. */
const ENDED = '2026-01-02T03:04:05.000Z';

await runSample(async () => {
  const config = loadConfig({ env: process.env }, 'archive');
  const archiver = await createArchiver(config);
  // as the function, which waits for it before it answers
  const rest = new Set<Promise<void>>();
  const afterwards = (work: Promise<void>) => {
    rest.add(work);
    void work.then(() => rest.delete(work));
  };
  return {
    finish: () => Promise.all(rest),
    async archive({ id, interactionId }) {
      const parsed = parseEvent({
        version: '0',
        id,
        'detail-type': 'archiving:events',
        source: 'aws.partner/genesys.com/cloud/bench/media-archive',
        time: ENDED,
        detail: {
          topicName: 'archiving:events',
          data: { eventType: 'media', status: 'complete', mediaId: id, interactionId },
          timestamp: ENDED,
        },
      });
      if (parsed.kind !== 'requests') throw new Error('the event was not understood');
      for (const request of parsed.requests) {
        // as of a message that a queue delivers for the first time
        const results = await archiver.archive(request, unlimited, { isFirst: true, afterwards });
        if (!results.every((result) => result.state === 'archived' && result.stored)) {
          throw new Error(`${id} was not archived: ${JSON.stringify(results)}`);
        }
      }
    },
  };
});
