import { ARCHIVE_OPTIONS, GC_OPTIONS, REDRIVE_OPTIONS, SERVE_OPTIONS } from '../options/archive.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What brings recordings into the archive, and looks after their queue. */
export const ARCHIVE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'archive',
    summary: 'archive the recordings that an event names',
    options: ARCHIVE_OPTIONS,
    purpose: 'archive',
    details:
      'Takes events of every shape: EventBridge, webhook, API Gateway and function URL requests, SQS batches, SNS, or a bare {"mediaId", "interactionId"}. What is archived already is found and not downloaded again. --again cures OBJECT_UNPROVEN: ID is a recording or the key of its object; without ID, the event says which. It needs the keys that open the object, and changes nothing when the two differ. Of a recording that has its receipt, --again stores a successor (ID.v2.enc) where the object is damaged or gone, or the platform serves something else; nothing is overwritten.',
    examples: [
      'genesys-archive archive --event event.json',
      'genesys-archive archive --event - --json < events.jsonl',
      'genesys-archive archive --media 1b2c… --interaction 9f8e…',
      'genesys-archive archive --again 1b2c… --interaction 9f8e… --reason "bucket restored from a copy"',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/archive.ts'),
  }),
  defineCommand({
    name: 'serve',
    summary: 'take webhooks and archive what they name, until it is stopped',
    options: SERVE_OPTIONS,
    purpose: 'archive',
    details:
      'POST / or /events takes an event, signed if ARCHIVE_WEBHOOK_SECRET is set; 202 means that it is on disk and will be archived, even if this process is killed. GET /health tells how things stand. SIGTERM ends it with exit code 0: what is not done is in the spool, and jobs are handed over to other runners. See docs/serve.md.',
    examples: [
      'genesys-archive serve --spool /var/lib/genesys-archive/spool',
      'genesys-archive serve --host 0.0.0.0 --port 8443 --concurrency 8',
      'genesys-archive serve --once',
    ],
    exitCodes: [0, 1, 2, 3, 4, 7, 130],
    load: () => import('../commands/serve.ts'),
  }),
  defineCommand({
    name: 'redrive',
    summary: 'show why messages are in a dead-letter queue, and send them back or archive them',
    arguments: [
      ['<queue|file>', 'URL of an SQS queue, or a file of messages, one JSON a line; - is standard input'],
    ],
    completes: 'files',
    options: REDRIVE_OPTIONS,
    purpose: 'archive',
    details:
      'A message is removed from its queue only after it has been sent or archived, so that none is lost; one that is handled twice is archived once. A file is never changed.',
    examples: [
      'genesys-archive redrive https://sqs.eu-central-1.amazonaws.com/123456789012/recordings-dead --dry-run',
      'genesys-archive redrive DEAD_LETTER_QUEUE_URL --to QUEUE_URL',
      'genesys-archive redrive messages.jsonl --archive',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/redrive.ts'),
  }),
  defineCommand({
    name: 'gc',
    summary: 'remove what killed writers have left behind',
    options: GC_OPTIONS,
    purpose: 'store',
    details:
      'Objects, receipts and anything else with a name are never touched. A key record is removed only if its object is there and has another, or never was; in every case of doubt it is kept and told. A bucket that keeps versions keeps what was removed for as long as it keeps them.',
    examples: [
      'genesys-archive gc --multipart --dry-run',
      'genesys-archive gc --multipart --older-than 24h',
      'genesys-archive gc --keys --dry-run',
    ],
    exitCodes: [0, 1, 2, 3, 4, 6, 7, 130],
    load: () => import('../commands/gc.ts'),
  }),
];
