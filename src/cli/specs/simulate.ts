import type { CommandSpec } from './command-spec.ts';
import { collect, wholeNumber } from './option-values.ts';

/** The simulator. */
export const SIMULATOR_COMMANDS: readonly CommandSpec[] = [
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
    loadNotes: async () => (await import('../commands/simulate.ts')).renderNotes(),
    isForReading: true,
    load: () => import('../commands/simulate.ts'),
  },
];
