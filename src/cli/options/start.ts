import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { collect, oneOf, wholeNumber } from './option-values.ts';
import { ALL_ARCHIVES } from './shared.ts';

const KEY_PLACE = oneOf('secret', 'kms');

export const DEMO_OPTIONS = [
  { flags: '--calls <N>', description: 'synthetic calls (default 36)', parse: wholeNumber(1, 500) },
  { flags: '--media <DIR>', description: 'archive the files of this folder as well' },
  { flags: '--out <DIR>', description: 'where to keep the result (default: a new temporary directory)' },
  { flags: '--console', description: 'then open the console over the result, in the browser' },
] as const satisfies readonly OptionSpec[];
export type DemoOptions = OptionsOf<typeof DEMO_OPTIONS>;

export const INIT_OPTIONS = [
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
] as const satisfies readonly OptionSpec[];
export type InitOptions = OptionsOf<typeof INIT_OPTIONS>;

export const DOCTOR_OPTIONS = [
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
] as const satisfies readonly OptionSpec[];
export type DoctorOptions = OptionsOf<typeof DOCTOR_OPTIONS>;
