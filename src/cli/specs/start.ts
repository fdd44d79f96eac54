import { ALL_ARCHIVES, type CommandSpec, defineCommand } from './command-spec.ts';
import { collect, oneOf, wholeNumber } from './option-values.ts';

const KEY_PLACE = oneOf('secret', 'kms');

/** To look around and to set up. */
export const START_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'demo',
    summary: 'archive synthetic calls through injected faults: no account, no configuration',
    options: [
      { flags: '--calls <N>', description: 'synthetic calls (default 36)', parse: wholeNumber(1, 500) },
      { flags: '--media <DIR>', description: 'archive the files of this folder as well' },
      { flags: '--out <DIR>', description: 'where to keep the result (default: a new temporary directory)' },
      { flags: '--console', description: 'then open the console over the result, in the browser' },
    ],
    details:
      'Starts a simulator of Genesys Cloud in this process, makes its requests fail in every way it can, and checks that each recording is archived exactly once, whole and restorable all the same.',
    examples: ['genesys-archive demo', 'genesys-archive demo --media ~/recordings --out ./demo'],
    exitCodes: [0, 1, 2, 130],
    expectsRetries: true,
    load: () => import('../commands/demo.ts'),
  }),
  defineCommand({
    name: 'init',
    summary: 'write the settings of a deployment to AWS, and print the commands that deploy it',
    options: [
      { flags: '--environment <DOMAIN>', description: 'region of Genesys Cloud, e.g. mypurecloud.de' },
      {
        flags: '--organization <ID>',
        description: 'id of the organization (default: the one of the event source)',
      },
      { flags: '--region <REGION>', description: 'AWS region to deploy to (default: AWS_REGION)' },
      { flags: '--account <ID>', description: 'AWS account (default: the one of the credentials)' },
      { flags: '--stack-name <NAME>', description: 'default GenesysMediaArchive' },
      {
        flags: '--event-source <NAME>',
        description: 'partner event source, aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX',
      },
      {
        flags: '--existing-event-bus',
        description: 'its event bus is there already (state ACTIVE), and is used',
      },
      { flags: '--tutorial-events', description: 'also take archiving:events of the default event bus' },
      { flags: '--webhook', description: 'also take signed webhooks' },
      {
        flags: '--signing-key <WHERE>',
        description: 'where the key that signs receipts is: secret (default) or kms',
        parse: KEY_PLACE,
      },
      {
        flags: '--object-lock <MODE>',
        description: 'governance:DAYS or compliance:DAYS; none is the default',
      },
      { flags: '--alarm-email <ADDRESS>', description: 'receives the alarms' },
      { flags: '--log-retention <DAYS>', description: 'default 365' },
      { flags: '--max-concurrency <N>', description: 'concurrent invocations, 2 to 100 (default 5)' },
      {
        flags: '--set <NAME=VALUE>',
        description: 'a further setting of the function; may be repeated',
        parse: collect,
      },
      { flags: '--out <DIR>', description: 'where to write the files (default: here)' },
      { flags: '--force', description: 'replace files that exist' },
      { flags: '--dry-run', description: 'write nothing, print what would be written' },
      { flags: '-y, --yes', description: 'ask nothing: what no flag says has its default' },
      { flags: '--no-input', description: 'the same' },
    ],
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
    options: [
      {
        flags: '--stack [NAME]',
        description: 'check this CloudFormation stack instead; without a name, the one of the settings',
      },
      { flags: '--region <REGION>', description: 'of the stack (default: of the settings, or AWS_REGION)' },
      {
        flags: '--settings <FILE>',
        description: 'what the stack should be (default genesys-archive.deploy.json, where it exists)',
      },
      ALL_ARCHIVES,
    ],
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
