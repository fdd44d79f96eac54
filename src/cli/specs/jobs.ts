import { takesAction } from './actions.ts';
import { JOBS_OPTIONS } from '../options/jobs.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What looks after work on many recordings. */
export const JOB_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'jobs',
    summary: 'show, run, pause, resume, cancel and repeat work on many recordings',
    ...takesAction('jobs', [
      '[job]',
      'id of a job, its beginning, or the beginning of its last six characters',
    ]),
    options: JOBS_OPTIONS,
    purpose: 'archive',
    allArchives: {},
    details:
      'A job is planned by another command, such as `verify --all --job`, and worked on by any number of runners at once: `jobs run` on any machine, `serve`, and the scheduled function of a stack. If a runner is killed, another one repeats its open work five minutes later. pause lets the work under way end, within ten seconds; resume goes on; cancel is final. watch shows progress until the job is over. failed lists what could not be done, retry makes a job of it. run without a job works on all that are not over. See docs/jobs.md.',
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
