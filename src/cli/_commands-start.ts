import type { CommandSpec } from './_command-spec.ts';
import { wholeNumber } from './_option-values.ts';

/** To look around and to set up. */
export const START_COMMANDS: readonly CommandSpec[] = [
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
    name: 'doctor',
    summary: 'check configuration, store and Genesys Cloud, one by one',
    options: [],
    purpose: 'archive',
    details: 'Changes nothing, and prints nothing secret: its output can be pasted into an issue.',
    examples: ['genesys-archive doctor', 'genesys-archive doctor --json'],
    exitCodes: [0, 1, 2, 4, 130],
    load: () => import('./commands/doctor.ts'),
  },
];
