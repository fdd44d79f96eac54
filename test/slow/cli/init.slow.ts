import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile } from '../../../src/config/file.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { readDeploySettings } from '../../../src/config/deploy/file.ts';
import { CLI, filesIn, makeDirectory, type RunOptions, runCli, startCli } from '../../cli/run-cli.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const EVENT_SOURCE = `aws.partner/genesys.com/cloud/${ORGANIZATION}/archive`;
const FLAGS = ['--environment', 'mypurecloud.de', '--region', 'eu-central-1', '--organization', ORGANIZATION];
const FILES = ['genesys-archive.config.json', 'genesys-archive.deploy.json'];

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

const init = (args: readonly string[], options: RunOptions = {}) =>
  runCli(['init', ...args], { cwd: dir, ...options });
const deployFile = () => path.join(dir, 'genesys-archive.deploy.json');
const ownFile = () => path.join(dir, 'genesys-archive.config.json');

describe('init, by flags', () => {
  it('adds an archive to the file with --archive, with its organization, and touches no other one', async () => {
    const OTHER = '1d3a0b7f-63b5-4b9c-8d66-2a4a7b2bac88';
    const other = FLAGS.map((flag) => (flag === ORGANIZATION ? OTHER : flag));
    const first = await init([...FLAGS, '--yes', '--archive', 'emea']);
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringContaining('genesys-archive.emea.deploy.json'),
    ]);
    expect((await init([...other, '--yes', '--archive', 'apac-1'])).code).toBe(0);
    expect(JSON.parse(await readFile(ownFile(), 'utf8'))).toEqual({
      archives: {
        emea: { GENESYS_ENVIRONMENT: 'mypurecloud.de', GENESYS_ORGANIZATION_ID: ORGANIZATION },
        'apac-1': { GENESYS_ENVIRONMENT: 'mypurecloud.de', GENESYS_ORGANIZATION_ID: OTHER },
      },
    });
    expect(await readDeploySettings(path.join(dir, 'genesys-archive.apac-1.deploy.json'))).toMatchObject({
      stackName: 'GenesysMediaArchiveApac1',
      organizationId: OTHER,
    });
    const file = await readConfigFile(undefined, dir);
    expect(
      loadConfig({ env: { ARCHIVE_STORE__APAC_1: 's3://my-archive' }, file, archive: 'apac-1' }, 'keys'),
    ).toMatchObject({ organizationId: OTHER });
    const again = await init([...other, '--yes', '--archive', 'emea', '--out', dir]);
    expect([again.code, again.stderr]).not.toEqual([0, '']);
    const forced = await init([...other, '--yes', '--archive', 'emea', '--force']);
    expect(forced.code).toBe(0);
    expect(JSON.parse(await readFile(ownFile(), 'utf8'))).toMatchObject({
      archives: { emea: { GENESYS_ORGANIZATION_ID: OTHER }, 'apac-1': {} },
    });
    const wrong = await init([...FLAGS, '--yes', '--archive', 'EMEA']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('is not a name of an archive')]);
  });

  it('leaves a file alone that has the settings of one archive', async () => {
    await init([...FLAGS, '--yes']);
    const before = await readFile(ownFile(), 'utf8');
    const { code, stderr } = await init([...FLAGS, '--yes', '--archive', 'emea']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('has the settings of one archive')]);
    expect(await readFile(ownFile(), 'utf8')).toBe(before);
    expect(existsSync(path.join(dir, 'genesys-archive.emea.deploy.json'))).toBe(false);
  });

  it('writes both files, which their readers understand, and prints the commands in order', async () => {
    const { code, stdout, stderr } = await init([...FLAGS, '--event-source', EVENT_SOURCE, '--webhook']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'wrote genesys-archive.deploy.json\nwrote genesys-archive.config.json\n',
    });
    expect(await readDeploySettings(deployFile())).toMatchObject({
      stackName: 'GenesysMediaArchive',
      region: 'eu-central-1',
      environment: 'mypurecloud.de',
      organizationId: ORGANIZATION,
      eventSourceName: EVENT_SOURCE,
      existingEventBus: false,
      tutorialEvents: false,
      webhook: true,
      signingKey: 'secret',
      logRetentionDays: 365,
      maxConcurrency: 5,
      environmentVariables: {},
    });
    const file = await readConfigFile(undefined, dir);
    expect(loadConfig({ env: {}, file }, 'keys')).toMatchObject({ organizationId: ORGANIZATION });
    const inOrder = [
      '\naws events list-event-sources --region eu-central-1 ',
      '\nnpx cdk deploy -c settings=genesys-archive.deploy.json\n',
      'CredentialsSecretArn)" --secret-string file://credentials.json && rm credentials.json\n',
      ' keys generate --signing receipts\n',
      'WebhookSecretArn)"',
      ' doctor --stack GenesysMediaArchive --region eu-central-1\n',
    ];
    const places = inOrder.map((line) => stdout.indexOf(line));
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(places).not.toContain(-1);
  });

  it('prints lines that a shell understands', async () => {
    const { stdout } = await init([...FLAGS, '--webhook', '--dry-run', '--quiet']);
    const { code, stderr } = await runCli([], {
      shell: `cat > steps.sh; sh -n steps.sh`,
      input: stdout,
      cwd: dir,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('takes the organization from the event source, the region from AWS_REGION, and every other flag', async () => {
    const { code, stderr } = await init(
      (
        `--environment usw2.pure.cloud --event-source ${EVENT_SOURCE} --tutorial-events --existing-event-bus ` +
        '--object-lock compliance:2555 --alarm-email ops@example.com --log-retention 90 ' +
        '--max-concurrency 8 --stack-name Calls --account 123456789012 ' +
        '--set ARCHIVE_WRITE_BACK=annotation --set GENESYS_FORMAT=OGG_OPUS'
      ).split(' '),
      { env: { AWS_REGION: 'us-west-2' } },
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await readDeploySettings(deployFile())).toMatchObject({
      stackName: 'Calls',
      region: 'us-west-2',
      account: '123456789012',
      organizationId: ORGANIZATION,
      existingEventBus: true,
      tutorialEvents: true,
      objectLock: { mode: 'compliance', days: 2555 },
      alarmEmail: 'ops@example.com',
      logRetentionDays: 90,
      maxConcurrency: 8,
      environmentVariables: { ARCHIVE_WRITE_BACK: 'annotation', GENESYS_FORMAT: 'OGG_OPUS' },
    });
  });

  it('without a terminal names the flags that are missing: exit 2, nothing written', async () => {
    const result = await init([]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/^error: 3 answers are missing or wrong: {2}\[USAGE\]\n/);
    for (const flag of ['--environment', '--region', '--organization'])
      expect(result.stderr).toContain(`  ${flag} is missing (`);
    expect(await filesIn(dir)).toEqual([]);
  });

  it('tells everything that is wrong at once, and no value', async () => {
    const wrong = [
      '--environment https://api.mypurecloud.de --region Frankfurt --organization acme',
      '--event-source genesys --object-lock forever --max-concurrency 1',
      '--alarm-email nobody --stack-name 1st --account 12 --log-retention 0',
      '--set ENCRYPTION_KEY_HEX=c0ffee --set ARCHIVE_WRITEBACK=none --set GENESYS_FORMAT=FLAC',
      '--set ARCHIVE_ALLOW_LOOPBACK=1 --set S3_ARCHIVE_BUCKET=mine --set GENESYS_SECRET_ARN=x',
    ].flatMap((line) => line.split(' '));
    const { code, stdout, stderr } = await init(wrong);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const lines = stderr.split('\n').filter((line) => line.startsWith('  --'));
    expect(lines.map((line) => line.split(/(?<=--[a-z-]+)[ :]/)[0]?.trim())).toEqual([
      '--stack-name',
      '--region',
      '--account',
      '--organization',
      '--event-source',
      '--object-lock',
      '--alarm-email',
      '--log-retention',
      '--max-concurrency',
      '--environment',
      ...Array.from({ length: 6 }, () => '--set'),
    ]);
    expect(stderr).toContain(
      '--set ARCHIVE_WRITEBACK: is not a setting of this program; did you mean ARCHIVE_WRITE_BACK?',
    );
    expect(stderr).toContain('--set ENCRYPTION_KEY_HEX: is a secret');
    for (const value of ['Frankfurt', 'acme', 'forever', 'nobody', '1st', 'c0ffee', 'FLAC', 'mine'])
      expect(stderr).not.toContain(value);
    expect(await filesIn(dir)).toEqual([]);
  });

  it('an event source of another organization, and --set without a value', async () => {
    const other = EVENT_SOURCE.replace('0c2f', '1c2f');
    expect(await init([...FLAGS, '--event-source', other])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--event-source belongs to another organization') as unknown,
    });
    expect(await init([...FLAGS, '--set', 'ARCHIVE_WRITE_BACK'])).toMatchObject({ code: 2 });
  });

  it('warns of an unknown domain, and of an archive that nothing is sent to', async () => {
    const { code, stderr } = await init([...FLAGS, '--environment', 'new.pure.cloud']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: the environment is none of the 18 known region domains/m);
    expect(stderr).toMatch(/^warning: there is neither an event source nor a webhook/m);
  });

  it.each(FILES)('never replaces %s without --force', async (name) => {
    await writeFile(path.join(dir, name), 'mine');
    expect(await init(FLAGS)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[OUTPUT_EXISTS]\nhint:  --force replaces it') as unknown,
    });
    expect(await filesIn(dir)).toEqual([name]);
    expect(await readFile(path.join(dir, name), 'utf8')).toBe('mine');
    expect(await init([...FLAGS, '--force'])).toMatchObject({ code: 0 });
    expect(await filesIn(dir)).toEqual(FILES);
    expect(await readFile(path.join(dir, name), 'utf8')).not.toBe('mine');
  });

  it('--dry-run writes nothing, --json gives files and steps', async () => {
    const result = await init([...FLAGS, '--dry-run', '--json', '--out', 'somewhere']);
    expect(result.code).toBe(0);
    const records = result.records();
    expect(records.slice(0, 2)).toMatchObject([
      {
        type: 'file',
        path: 'somewhere/genesys-archive.deploy.json',
        written: false,
        content: { region: 'eu-central-1' },
      },
      { type: 'file', written: false, content: { GENESYS_ORGANIZATION_ID: ORGANIZATION } },
    ]);
    expect(records.slice(2).map(({ type, number }) => [type, number])).toEqual(
      records.slice(2).map((_, index) => ['step', index + 1]),
    );
    expect(await filesIn(dir)).toEqual([]);
  });

  it('a directory that does not exist: exit 1, nothing left behind', async () => {
    expect(await init([...FLAGS, '--out', 'nowhere'])).toMatchObject({ code: 1 });
    expect(await filesIn(dir)).toEqual([]);
  });

  it('no secret of the environment reaches a file or the output', async () => {
    const env = { GENESYS_CLIENT_ID: 'canary-id', GENESYS_CLIENT_SECRET: 'canary-secret' };
    const { stdout, stderr } = await init(FLAGS, { env });
    const written = await Promise.all([readFile(ownFile(), 'utf8'), readFile(deployFile(), 'utf8')]);
    expect([stdout, stderr, ...written].join('')).not.toContain('canary');
    expect((await stat(deployFile())).mode & 0o077).toBe(0);
  });
});

/** `script` of util-linux gives the command a terminal; its own size is 0 × 0. */
const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.skipIf(!hasTerminal)('init, in a terminal [needs: Linux and script]', () => {
  /** Types each answer when its question has been shown. */
  async function converse(args: string, answers: readonly (readonly [question: string, keys: string])[]) {
    const command = `stty cols 120 rows 40; exec '${process.execPath}' '${CLI}' init ${args} > out.txt`;
    const running = startCli([], {
      cwd: dir,
      env: { TERM: 'xterm', INIT: command },
      shell: 'exec script -qefc "$INIT" /dev/null',
      keepInput: true,
    });
    for (const [question, keys] of answers) {
      await running.shows(question);
      running.type(keys);
    }
    return running.end;
  }

  it('asks for what no flag says, again where an answer is no good, and writes after a yes', async () => {
    const { code, stdout } = await converse('--webhook', [
      ['Region of the Genesys', '\u001B[A\r'],
      ['Its domain', 'mypurecloud.de\r'],
      ['AWS region to deploy to', '\u0015nowhere\r'],
      ['is an AWS region', '\u0015eu-central-1\r'],
      ['Partner event source', `${EVENT_SOURCE}\r`],
      ['Lock objects', '\r'],
      ['For how many days', '\u001530\r'],
      ['E-mail address', '\r'],
      ['Write genesys-archive.deploy.json and', '\r'],
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const settings = await readDeploySettings(deployFile());
    expect(settings).toMatchObject({
      environment: 'mypurecloud.de',
      region: 'eu-central-1',
      organizationId: ORGANIZATION,
      webhook: true,
      objectLock: { mode: 'governance', days: 30 },
    });
    expect(settings.alarmEmail).toBeUndefined();
    expect(await readFile(path.join(dir, 'out.txt'), 'utf8')).toMatch(/^\n# 1\. See that/);
  });

  it('Ctrl-C at a question, and a no at the end: exit 130, nothing written', async () => {
    const interrupted = await converse('', [['Region of the Genesys', '\u0003']]);
    expect(interrupted.code).toBe(130);
    const refused = await converse(`${FLAGS.join(' ')} --webhook --event-source ${EVENT_SOURCE}`, [
      ['Lock objects', '\u001B[B\u001B[B\r'],
      ['E-mail address', '\r'],
      ['Write genesys', 'n'],
    ]);
    expect(refused.code).toBe(130);
    expect(await filesIn(dir)).toEqual(['out.txt']);
  });

  it('--yes and --no-input never ask', async () => {
    for (const flag of ['--yes', '--no-input']) {
      expect(await converse(flag, [])).toMatchObject({
        code: 2,
        stdout: expect.stringContaining('--environment is missing') as unknown,
      });
    }
  });
});
