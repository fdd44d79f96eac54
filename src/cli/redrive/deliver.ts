import type { ArchiveResult } from '../../archive/archive-request.ts';
import { nameResult } from '../../archive/name-result.ts';
import type { Budget } from '../../clock.ts';
import { type Archiver, createArchiver } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { collapseRequests } from '../../events/collapse-requests.ts';
import { parseEach } from '../../events/parse-event.ts';
import type { MessageQueue } from '../../queue/message-queue.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import type { DeadLetter } from './dead-letters.ts';

/** Where messages go. The end of `deliver` means that the message is safe; it returns a word for what was done. */
export interface Destination {
  deliver(letter: DeadLetter, budget: Budget): Promise<string>;
  /** Closes idle connections. */
  close(): void;
}

export function sendTo(queue: MessageQueue, url: string): Destination {
  return {
    deliver: async ({ body, attributes }, budget) => {
      await queue.send(url, { body, attributes }, budget);
      return 'sent';
    },
    close: () => undefined,
  };
}

/** @throws `CONFIG_INVALID`. */
export async function archiveHere(context: CommandContext): Promise<Destination> {
  const { clock, logger } = context;
  const config = await readSettings(context, 'archive');
  const archiver = await createArchiver(config, { clock, logger });
  const parse = (body: string) => parseEach(body, { idPattern: config.idPattern, api: config.genesys.api });
  return {
    deliver: ({ body }, budget) => archiveMessage(archiver, parse(body), budget),
    close: () => archiver.close(),
  };
}

/** Each event of a message is tried: one that fails keeps the message where it is, and none of the others from being archived. */
async function archiveMessage(
  archiver: Archiver,
  parts: ReturnType<typeof parseEach>,
  budget: Budget,
): Promise<string> {
  const failures: ArchiveError[] = [];
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failures.push(toArchiveError(error));
    }
  };
  for (const part of parts) if (part.kind === 'refused') failures.push(part.error);
  const requests = parts.flatMap((part) => (part.kind === 'requests' ? part.requests : []));
  for (const request of parts.length > 1 ? collapseRequests(requests) : requests) {
    await attempt(async () => {
      for (const result of await archiver.archive(request, budget)) requireDone(result);
    });
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return requests.length === 0 ? 'ignored' : 'archived';
}

function requireDone(result: ArchiveResult): void {
  if (result.state === 'failed') throw result.error;
  if (result.state === 'not-ready') {
    throw new ArchiveError('MEDIA_NOT_READY', `${nameResult(result)} is not complete yet (${result.status})`);
  }
  if (result.state === 'gone' && !result.settled) {
    throw new ArchiveError('MEDIA_NOT_FOUND', `${nameResult(result)} is not available: ${result.reason}`);
  }
}
