import { type CommandSpec, defineCommand, CONCURRENCY } from './command-spec.ts';
import { age, wholeNumber } from './option-values.ts';

/** What brings recordings into the archive, and looks after their queue. */
export const ARCHIVE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'archive',
    summary: 'archive the recordings that an event names',
    options: [
      { flags: '-e, --event <FILE>', description: 'event as JSON, or one event a line; - is standard input' },
      { flags: '--media <ID>', description: 'instead of an event: id of the recording' },
      { flags: '--interaction <ID>', description: 'and of its interaction' },
      { flags: '--dry-run', description: 'only tell what would be done; asks the store, not Genesys Cloud' },
      {
        flags: '--again [ID]',
        description:
          'download again, and compare with what is archived: an object without a receipt gets one if they are the same, one that is damaged or no longer what the platform serves gets a successor',
      },
      { flags: '--reason <TEXT>', description: 'why; with --again, and stands in the receipt' },
      {
        flags: '--timeout <SECONDS>',
        description: 'stop cleanly after that time, with exit code 7',
        parse: wholeNumber(1, 604_800),
      },
      CONCURRENCY,
    ],
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
    options: [
      {
        flags: '--port <N>',
        description: 'port to listen on (default 8080; 0: any)',
        parse: wholeNumber(0, 65_535),
      },
      { flags: '--host <ADDRESS>', description: 'address to listen on (default 127.0.0.1)' },
      {
        flags: '--spool <DIR>',
        description: 'where events are kept until they are archived (default ./spool)',
      },
      {
        flags: '--concurrency <N>',
        description: 'events worked on at a time (default 4)',
        parse: wholeNumber(1, 64),
      },
      {
        flags: '--attempts <N>',
        description: 'failures after which an event is given up (default 200, about a day)',
        parse: wholeNumber(1, 10_000),
      },
      {
        flags: '--grace <SECONDS>',
        description: 'when stopped, time for what is in flight (default 20)',
        parse: wholeNumber(0, 3_600),
      },
      {
        flags: '--jobs <N>',
        description: 'also work on jobs, this many shards at a time (default 1; 0: on none)',
        parse: wholeNumber(0, 32),
      },
      { flags: '--once', description: 'do not listen: work through the spool and end' },
    ],
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
    options: [
      { flags: '--to <URL>', description: 'send each message to this SQS queue' },
      {
        flags: '--archive',
        description: 'archive each message here and now; GENESYS_ARCHIVE names one of several archives',
      },
      { flags: '--dry-run', description: 'only show them' },
      {
        flags: '--limit <N>',
        description: 'messages at most (default all)',
        parse: wholeNumber(1, 1_000_000),
      },
    ],
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
    options: [
      { flags: '--multipart', description: 'open multipart uploads of S3, *.partial files of a directory' },
      { flags: '--keys', description: 'key records that no object has' },
      {
        flags: '--older-than <TIME>',
        description:
          'begun before that: 90m, 24h (default), 7d; what is younger may still be written. With --keys at least 24h',
        parse: age,
      },
      { flags: '--dry-run', description: 'only show them' },
    ],
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
