import { DEMO_OPTIONS, DOCTOR_OPTIONS, INIT_OPTIONS } from '../options/start.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** To look around and to set up. */
export const START_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'demo',
    summary: 'archive synthetic calls through injected faults: no account, no configuration',
    options: DEMO_OPTIONS,
    details:
      'Starts a simulator of Genesys Cloud in this process, makes its requests fail in every way it can, and checks that each recording is still archived exactly once, whole and restorable.',
    examples: ['genesys-archive demo', 'genesys-archive demo --media ~/recordings --out ./demo'],
    exitCodes: [0, 1, 2, 130],
    expectsRetries: true,
    load: () => import('../commands/demo.ts'),
  }),
  defineCommand({
    name: 'init',
    summary: 'write the settings of a deployment to AWS, and print the commands that deploy it',
    options: INIT_OPTIONS,
    details:
      'Writes genesys-archive.deploy.json for the deployment and genesys-archive.config.json for this program, neither with a secret in it. In a terminal it asks for what no flag says. See docs/quickstart.md.',
    examples: [
      'genesys-archive init',
      'genesys-archive init --yes --environment mypurecloud.de --region eu-central-1 --event-source aws.partner/genesys.com/cloud/0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77/archive',
      'genesys-archive init --archive emea --yes --environment mypurecloud.de --region eu-central-1 --organization 0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
      'genesys-archive init --dry-run --object-lock governance:365 --set ARCHIVE_WRITE_BACK=annotation',
    ],
    exitCodes: [0, 1, 2, 130],
    load: () => import('../commands/init.ts'),
  }),
  defineCommand({
    name: 'doctor',
    summary: 'check configuration, store and Genesys Cloud, or a deployed stack, one thing after the other',
    options: DOCTOR_OPTIONS,
    purpose: 'archive',
    allArchives: { byDefault: true, notWith: [['stack', '--stack']] },
    details:
      'Changes nothing, and prints nothing secret: its output can be pasted into an issue. A check that AWS does not allow names the permission it needs, and does not keep the others from being made.',
    examples: [
      'genesys-archive doctor',
      'genesys-archive doctor --json',
      'genesys-archive doctor --stack GenesysMediaArchive --region eu-central-1',
    ],
    exitCodes: [0, 1, 2, 4, 130],
    load: () => import('../commands/doctor.ts'),
  }),
  defineCommand({
    name: 'completion',
    summary: 'print a script that completes commands and flags in a shell',
    arguments: [['<shell>', 'bash, zsh or fish']],
    completes: ['bash', 'zsh', 'fish'],
    options: [],
    examples: ['genesys-archive completion bash', 'genesys-archive completion fish --quiet'],
    exitCodes: [0, 1, 2],
    isForReading: true,
    load: () => import('../commands/completion.ts'),
  }),
];
