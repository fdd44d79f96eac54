import { SIMULATE_OPTIONS } from '../options/simulate.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** The simulator. */
export const SIMULATOR_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'simulate',
    summary: 'run a simulator of Genesys Cloud until Ctrl-C',
    options: SIMULATE_OPTIONS,
    examples: [
      'genesys-archive simulate --recordings 5 --s3 ./s3',
      "genesys-archive simulate --fault 'download:cut@50%x3' --fault 'media:throttle=1x*~20%'",
      'genesys-archive simulate --events --shape sqs',
      'genesys-archive simulate --scenario calls.json --events',
      'genesys-archive simulate --recordings 50000 --from 2026-01-01 --to 2026-03-31 --omit 5',
      'genesys-archive simulate --recordings 300 --from 2026-01-01 --to 2026-01-03 --export ./export --export-faults 2',
    ],
    exitCodes: [0, 1, 2],
    loadNotes: async () => (await import('../commands/simulate.ts')).renderNotes(),
    isForReading: true,
    load: () => import('../commands/simulate.ts'),
  }),
];
