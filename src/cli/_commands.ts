import type { Purpose } from '../config/schema.ts';
import type { CommandModule } from './_context.ts';
import { age, collect, oneOf, percentage, wholeNumber } from './_option-values.ts';

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly parse?: (value: string, previous: unknown) => unknown;
  readonly default?: unknown;
}

/** A command as data: its help cannot drift from its parser, and its code is loaded only when it runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** In commander's notation: `<required>`, `[optional]`, `<several...>`. */
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Which settings its flags mirror. */
  readonly purpose?: Purpose;
  readonly details?: string;
  /** More of its help, from code that is loaded only when the command is named. */
  readonly loadNotes?: () => Promise<string>;
  readonly examples: readonly string[];
  readonly exitCodes: readonly number[];
  /** Retries are what it is about: they are not told one by one. */
  readonly expectsRetries?: true;
  readonly load: () => Promise<CommandModule>;
}

const FROM: OptionSpec = { flags: '--from <DAY>', description: 'first day, UTC, e.g. 2026-05-01' };
const TO: OptionSpec = { flags: '--to <DAY>', description: 'last day, UTC, e.g. 2026-05-31' };
const CONCURRENCY: OptionSpec = {
  flags: '--concurrency <N>',
  description: 'recordings worked on at a time (default 4)',
  parse: wholeNumber(1, 64),
};
const DRY_RUN: OptionSpec = { flags: '--dry-run', description: 'only tell what would be done' };
const WRAP: OptionSpec = {
  flags: '--wrap <KEY>',
  description: 'wrapping key: kms, kms:KEY, aes or rsa (default: the only one configured)',
};
const ID = 'id of a recording, or key of its object';

/** In the order the help lists them: from looking around to everyday work. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'archive synthetic calls through injected faults: no account, no configuration',
    options: [
      { flags: '--calls <N>', description: 'synthetic calls (default 36)', parse: wholeNumber(1, 500) },
      { flags: '--media <DIR>', description: 'archive the files of this folder as well' },
      { flags: '--out <DIR>', description: 'where to keep the result (default: a new temporary directory)' },
    ],
    details:
      'Starts a simulator of Genesys Cloud in this process, makes its requests fail in every way it can, and checks that each recording is archived exactly once, whole and restorable all the same.',
    examples: ['genesys-archive demo', 'genesys-archive demo --media ~/recordings --out ./demo'],
    exitCodes: [0, 1, 2, 130],
    expectsRetries: true,
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'archive',
    summary: 'archive the recordings that an event names',
    options: [
      { flags: '-e, --event <FILE>', description: 'event as JSON, or one event a line; - is standard input' },
      { flags: '--media <ID>', description: 'instead of an event: id of the recording' },
      { flags: '--interaction <ID>', description: 'and of its interaction' },
      { flags: '--dry-run', description: 'only tell what would be done; asks the store, not Genesys Cloud' },
      {
        flags: '--timeout <SECONDS>',
        description: 'stop cleanly after that time, with exit code 7',
        parse: wholeNumber(1, 604_800),
      },
      CONCURRENCY,
    ],
    purpose: 'archive',
    details:
      'Takes events of every shape: EventBridge, webhook, API Gateway and function URL requests, SQS batches, SNS, or a bare {"mediaId", "interactionId"}. What is archived already is found and not downloaded again.',
    examples: [
      'genesys-archive archive --event event.json',
      'genesys-archive archive --event - --json < events.jsonl',
      'genesys-archive archive --media 1b2c… --interaction 9f8e…',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('./commands/archive.ts'),
  },
  {
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
      { flags: '--once', description: 'do not listen: work through the spool and end' },
    ],
    purpose: 'archive',
    details:
      'POST / or /events takes an event, signed if ARCHIVE_WEBHOOK_SECRET is set; 202 means that it is on disk and will be archived, whatever happens to this process. GET /health tells how things stand. SIGTERM ends it with exit code 0: what is not done is in the spool. See docs/serve.md.',
    examples: [
      'genesys-archive serve --spool /var/lib/genesys-archive/spool',
      'genesys-archive serve --host 0.0.0.0 --port 8443 --concurrency 8',
      'genesys-archive serve --once',
    ],
    exitCodes: [0, 1, 2, 3, 4, 7, 130],
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'restore',
    summary: 'decrypt one recording into a file',
    arguments: [['<id|key>', ID]],
    options: [
      { flags: '-o, --output <FILE>', description: 'file to write; - is standard output' },
      { flags: '--force', description: 'replace the file if it exists' },
      { flags: '--dry-run', description: 'only tell what would be written' },
      {
        flags: '--allow-unverified',
        description: 'needed for -o -: plaintext leaves before the object has proved to be unchanged',
      },
      FROM,
      TO,
    ],
    purpose: 'restore',
    details:
      'The file appears only after the whole object has been authenticated; until then it is FILE.RANDOM.partial, readable by you alone. After a wrong key, a flipped bit or a truncated object nothing is left behind.',
    examples: [
      'genesys-archive restore 1b2c… -o call.wav',
      'genesys-archive restore archive/2026/05/20/1b2c….enc -o call.wav --force',
    ],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'verify',
    summary: 'compare recordings with their receipts, and decrypt them, keeping nothing',
    arguments: [['[id|key...]', ID]],
    options: [
      { flags: '--all', description: 'every recording of the archive, and every receipt' },
      {
        flags: '--depth <DEPTH>',
        description:
          'head: what the store says; ciphertext: the bytes, without a key; full (default): decrypts',
        parse: oneOf('head', 'ciphertext', 'full'),
      },
      { flags: '--sample <SHARE>', description: 'with --all: only a part, e.g. 5%', parse: percentage },
      {
        flags: '--seed <TEXT>',
        description: 'with --sample: choose the same part as the run that printed it',
      },
      {
        flags: '--resume <FILE>',
        description: 'with --all: keep the progress there; an interrupted run goes on',
      },
      { flags: '--report <FILE>', description: 'write the outcome there as JSON' },
      FROM,
      TO,
      CONCURRENCY,
    ],
    purpose: 'restore',
    details:
      'Lists each recording with the SHA-256 of its plaintext; with --quiet only what is wrong. With ARCHIVE_RECEIPT_PUBLIC_KEYS every receipt must be signed.',
    examples: [
      'genesys-archive verify --all',
      'genesys-archive verify --all --depth ciphertext --resume verify.state --report verify.json',
      'genesys-archive verify --all --sample 5% --from 2026-05-01 --to 2026-05-31 --json',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'inspect',
    summary: 'show what is known of an object without any key, and how to decrypt it by hand',
    arguments: [['<id|key>', ID]],
    options: [FROM, TO],
    purpose: 'store',
    examples: ['genesys-archive inspect 1b2c…'],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'list',
    summary: 'list the recordings of the archive, oldest day first',
    options: [FROM, TO],
    purpose: 'store',
    examples: ['genesys-archive list --from 2026-05-01', 'genesys-archive list --json | jq -r .key'],
    exitCodes: [0, 1, 2, 4, 7, 130],
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'redrive',
    summary: 'show why messages are in a dead-letter queue, and send them back or archive them',
    arguments: [
      ['<queue|file>', 'URL of an SQS queue, or a file of messages, one JSON a line; - is standard input'],
    ],
    options: [
      { flags: '--to <URL>', description: 'send each message to this SQS queue' },
      { flags: '--archive', description: 'archive each message here and now' },
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
    load: () => import('./commands/redrive.ts'),
  },
  {
    name: 'gc',
    summary: 'remove what killed writers have left behind',
    options: [
      { flags: '--multipart', description: 'open multipart uploads of S3, *.partial files of a directory' },
      {
        flags: '--older-than <TIME>',
        description: 'begun before that: 90m, 24h (default), 7d; what is younger may still be written',
        parse: age,
      },
      { flags: '--dry-run', description: 'only show them' },
    ],
    purpose: 'store',
    details: 'Objects, receipts and anything else with a name are never touched.',
    examples: ['genesys-archive gc --multipart --dry-run', 'genesys-archive gc --multipart --older-than 24h'],
    exitCodes: [0, 1, 2, 3, 4, 7, 130],
    load: () => import('./commands/gc.ts'),
  },
  {
    name: 'doctor',
    summary: 'check configuration, store and Genesys Cloud, one by one',
    options: [],
    purpose: 'archive',
    details: 'Changes nothing, and prints nothing secret: its output can be pasted into an issue.',
    examples: ['genesys-archive doctor', 'genesys-archive doctor --json'],
    exitCodes: [0, 1, 2, 4, 130],
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'keys',
    summary: 'make, list and try the keys that wrap data keys',
    arguments: [['<action>', 'generate, list or check']],
    options: [
      { flags: '--kid <NAME>', description: 'generate: name of the new key (default k-YYYY-MM-DD)' },
      { flags: '--rsa <NAME>', description: 'generate: an RSA pair, NAME-public.pem and NAME-private.pem' },
      {
        flags: '--signing <NAME>',
        description: 'generate: an Ed25519 pair for receipts, NAME-private.pem and NAME-public.pem',
      },
      { flags: '--dry-run', description: 'generate: write nothing' },
    ],
    purpose: 'keys',
    details:
      'generate adds a new active key to the keyring, or makes the keyring; no key is ever taken out of it. list names keys and shows none. check tries every configured key on a data key that is thrown away; of KMS it asks one data key, and to decrypt it.',
    examples: [
      'genesys-archive keys generate --keyring-file keyring.json',
      'genesys-archive keys generate --rsa recordings',
      'genesys-archive keys check --kms-key-id alias/recordings',
    ],
    exitCodes: [0, 1, 2, 4, 5, 7, 130],
    load: () => import('./commands/keys.ts'),
  },
  {
    name: 'adopt',
    summary: 'make objects of the static key readable by AWS clients, without touching them',
    arguments: [['[id|key...]', ID]],
    options: [
      { flags: '--all', description: 'every recording of the archive' },
      WRAP,
      DRY_RUN,
      FROM,
      TO,
      CONCURRENCY,
    ],
    purpose: 'wrap',
    details:
      'Writes KEY.instruction beside each object: the static key, wrapped. Nothing is downloaded or encrypted again, and a second run does nothing. It needs ENCRYPTION_KEY_HEX, and one wrapping key. Run `verify` first: objects of another static key would get a file that reads nothing. The format does not commit to its key, so keep others from writing there; `reencrypt` is the whole remedy.',
    examples: [
      'genesys-archive adopt --all --dry-run',
      'genesys-archive adopt --all --wrap kms --from 2024-01-01 --to 2024-12-31',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('./commands/adopt.ts'),
  },
  {
    name: 'rewrap',
    summary: 'move data keys under another wrapping key, without touching the media',
    arguments: [['[id|key...]', ID]],
    options: [
      { flags: '--all', description: 'every recording of the archive' },
      WRAP,
      DRY_RUN,
      FROM,
      TO,
      CONCURRENCY,
    ],
    purpose: 'wrap',
    details:
      'Reads with every configured key, and wraps with the one that --wrap names; from one KMS key to another (--wrap kms:KEY) the data key never leaves KMS. Exchanges the instruction file, or, where the key is in the metadata of the object, those: S3 then makes a new version, which a lock may forbid and which the receipt does not describe any more. What is under the wanted key already is passed over, so a run can be ended and repeated. Keep the old key until `rewrap --all` finds everything current.',
    examples: [
      'genesys-archive rewrap --all --dry-run --wrap kms:alias/recordings-2027',
      'genesys-archive rewrap --all --wrap aes --json',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('./commands/rewrap.ts'),
  },
  {
    name: 'reencrypt',
    summary: 'encrypt recordings again, in format s3ec-v3, as new objects of another store',
    arguments: [['[id|key...]', ID]],
    options: [
      { flags: '--target <STORE>', description: 'where they go: s3://BUCKET[/PREFIX] or file:PATH' },
      { flags: '--all', description: 'every recording of the archive' },
      WRAP,
      DRY_RUN,
      FROM,
      TO,
      CONCURRENCY,
    ],
    purpose: 'wrap',
    details:
      'The objects keep their keys below the target; the originals are left as they are, for media objects are never replaced. Each new object is read back and decrypted before it counts as done, so writing for an RSA key also takes its private half. Receipts are not written: they speak of the object as it was archived. What the target holds already is compared, so a run can be ended and repeated.',
    examples: ['genesys-archive reencrypt --all --target s3://recordings-v3 --wrap kms'],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('./commands/reencrypt.ts'),
  },
  {
    name: 'simulate',
    summary: 'run a simulator of Genesys Cloud until Ctrl-C',
    options: [
      {
        flags: '--recordings <N>',
        description: 'synthetic recordings (default 10)',
        parse: wholeNumber(0, 10_000),
      },
      { flags: '--media <DIR>', description: 'serve the files of this folder as recordings' },
      {
        flags: '--port <N>',
        description: 'port of the API; media, S3 and KMS take the next three (default: any free ones)',
        parse: wholeNumber(1, 65_532),
      },
      {
        flags: '--fault <SPEC>',
        description: 'make requests fail; may be repeated, see below',
        parse: collect,
      },
      { flags: '--s3 <DIR>', description: 'also run an S3 endpoint that keeps its objects there' },
      { flags: '--kms <DIR>', description: 'also run a KMS endpoint that keeps its keys there' },
      { flags: '--events', description: 'write an archiving event for each recording to standard output' },
      { flags: '--shape <SHAPE>', description: 'their shape (default eventbridge), see below' },
      { flags: '--post <URL>', description: 'send them as webhooks to this address on this machine' },
      {
        flags: '--scenario <FILE>',
        description: 'conversations of the published API and what happens to them, see below',
      },
      {
        flags: '--emit <N>',
        description: 'events for the first N recordings only',
        parse: wholeNumber(1, 10_000),
      },
    ],
    examples: [
      'genesys-archive simulate --recordings 5 --s3 ./s3',
      "genesys-archive simulate --fault 'download:cut@50%x3' --fault 'media:throttle=1x*~20%'",
      'genesys-archive simulate --events --shape sqs',
      'genesys-archive simulate --scenario calls.json --events',
    ],
    exitCodes: [0, 1, 2],
    loadNotes: async () => (await import('./commands/simulate.ts')).renderNotes(),
    load: () => import('./commands/simulate.ts'),
  },
];
