import { takesAction } from './actions.ts';
import { ALL_ARCHIVES, type CommandSpec, defineCommand } from './command-spec.ts';
import { rate, wholeNumber } from './option-values.ts';

/** What looks after work on many recordings. */
export const JOB_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'jobs',
    summary: 'show, run, pause, resume, cancel and repeat work on many recordings',
    ...takesAction('jobs', [
      '[job]',
      'id of a job, its beginning, or the beginning of its last six characters',
    ]),
    options: [
      { flags: '--wait', description: 'show: until the job is over; retry: work on the new job here' },
      {
        flags: '--workers <N>',
        description: 'run: shards that are worked on at once (default 1)',
        parse: wholeNumber(1, 32),
      },
      { flags: '--once', description: 'run: end when nothing is free, instead of waiting for the rest' },
      {
        flags: '--rate <RATE>',
        description: 'resume, retry: yield (to live calls), or items a minute',
        parse: rate,
      },
      { flags: '--name <NAME>', description: 'retry: a name for the new job' },
      {
        flags: '--all',
        description: 'list: also jobs that are over; retry: also what is not expected to succeed',
      },
      { ...ALL_ARCHIVES, description: 'list, run: for each archive of the settings file' },
    ],
    purpose: 'archive',
    allArchives: {},
    details:
      'A job is planned by another command, such as `verify --all --job`, and worked on by any number of runners at once: `jobs run` on any machine, `serve`, and the scheduled function of a stack. What a runner was killed over is worked on again by another one, five minutes later. pause lets the work under way end, within ten seconds; resume goes on; cancel is for good. watch shows progress until the job is over. failed lists what could not be done, retry makes a job of it. run without a job works on all that are not over. See docs/jobs.md.',
    examples: [
      'genesys-archive jobs list',
      'genesys-archive jobs run k3f9 --workers 4',
      'genesys-archive jobs show k3f9 --wait --json',
      'genesys-archive jobs retry k3f9 --wait',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/jobs.ts'),
  }),
];
