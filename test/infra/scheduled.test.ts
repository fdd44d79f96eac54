import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploySettings, GenesysMediaArchiveStack, propsOf } from '../../infra/index.ts';
import { HARDENED, RETENTION_RULES } from './hardened.ts';
import { ACCOUNT, arnOf } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let all: Synthesised;
let smallest: Synthesised;
beforeAll(() => {
  all = synthesiseSettings(HARDENED);
  smallest = synthesiseSettings(SMALLEST);
});
afterAll(() => {
  all.end();
  smallest.end();
});

const PARTS = ['Verifier', 'JobRunner', 'Compactor', 'Facts', 'Retainer', 'Sealer', 'Driller'] as const;
const functionOf = (part: string) => resourceOf(all.template, 'AWS::Lambda::Function', `Scheduled${part}`);
const scheduleOf = (part: string) =>
  propertiesOf(all.template, 'AWS::Scheduler::Schedule', `Scheduled${part}`);

describe('the functions that schedules start', () => {
  it('are those that the settings want: the verification by default, each of the others when it is asked for', () => {
    const made = (of: Synthesised) => resourcesOf(of.template, 'AWS::Scheduler::Schedule').length;
    expect([made(all), made(smallest)]).toEqual([7, 1]);
    const none = synthesiseSettings({ ...SMALLEST, verification: false });
    none.end();
    expect(made(none)).toBe(0);
    expect(resourcesOf(none.template, 'AWS::CloudWatch::Alarm')).toHaveLength(5);
  });

  it.each([
    ['Verifier', 'rate(1 day)', { days: 100, depth: 'full', allow: [] }],
    ['JobRunner', 'rate(5 minutes)', {}],
    ['Compactor', 'cron(10 * * * ? *)', {}],
    ['Facts', 'cron(40 1,13 * * ? *)', {}],
    ['Retainer', 'cron(20 4 * * ? *)', { rules: RETENTION_RULES }],
    ['Sealer', 'cron(15 * * * ? *)', { hourly: true }],
    ['Driller', 'rate(1 day)', { sample: 20, everyDays: 7 }],
  ])('%s is started %s, with its event, by a role that may do that alone', (part, expression, input) => {
    const schedule = scheduleOf(part);
    expect(schedule['ScheduleExpression']).toBe(expression);
    const target = schedule['Target'] as { Arn: string; RoleArn: string; Input: string };
    expect(target.Arn).toBe(arnOf(functionOf(part)[0]));
    expect(JSON.parse(target.Input)).toEqual(input);
    const role = resourceOf(all.template, 'AWS::IAM::Role', `Scheduled${part}Starter`);
    expect(target.RoleArn).toBe(arnOf(role[0]));
    expect(role[1].Properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [
        {
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
        },
      ],
    });
    const policy = propertiesOf(all.template, 'AWS::IAM::Policy', `Scheduled${part}Starter`);
    expect(policy['PolicyDocument']).toMatchObject({
      Statement: [{ Action: 'lambda:InvokeFunction', Resource: arnOf(functionOf(part)[0]) }],
    });
  });

  it.each(PARTS)('%s has a bundle, a role, and a log of its own that outlives the stack', (part) => {
    const [, { Properties }] = functionOf(part);
    const [log, { DeletionPolicy }] = resourceOf(all.template, 'AWS::Logs::LogGroup', `Scheduled${part}`);
    const [role] = resourcesOf(all.template, 'AWS::IAM::Role').find(([id]) =>
      new RegExp(`^Archive${part}[0-9A-F]{8}$`).test(id),
    ) ?? [''];
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Timeout: 900,
      Role: arnOf(role),
      LoggingConfig: { LogGroup: log },
    });
    expect(DeletionPolicy).toBe('Retain');
    expect(Properties['Handler']).not.toBe('archive.handler');
  });

  it('are given no secret, and no ARN of a secret that they do not read', () => {
    const variables = (part: string) =>
      Object.keys((functionOf(part)[1].Properties['Environment'] as { Variables: object }).Variables);
    for (const part of PARTS) {
      expect(
        variables(part).filter((name) => /^(?:GENESYS_CLIENT_SECRET|ENCRYPTION_KEY_HEX)$/.test(name)),
      ).toEqual([]);
    }
    expect(variables('Verifier').filter((name) => name.includes('SECRET'))).toEqual([]);
    expect(variables('Compactor').filter((name) => name.includes('SECRET'))).toEqual([]);
    expect(variables('Sealer').filter((name) => name.includes('SECRET'))).toEqual(['GENESYS_SECRET_ARN']);
    expect(variables('Sealer')).not.toContain('ARCHIVE_KMS_KEY_ID');
    expect(variables('Driller').filter((name) => name.includes('SECRET'))).toEqual([]);
    expect(functionOf('Sealer')[1].Properties['Environment']).toMatchObject({
      Variables: {
        ARCHIVE_PROOF_ORIGIN: HARDENED.seal?.origin,
        ARCHIVE_PROOF_KMS_KEY_ID: arnOf(resourceOf(all.template, 'AWS::KMS::Key', 'LogKey')[0]),
        ARCHIVE_PROOF_SECOND_STORE: HARDENED.seal?.secondStore,
        ARCHIVE_PROOF_LOCK: 'compliance:2557',
      },
    });
    for (const part of ['JobRunner', 'Compactor']) {
      expect(functionOf(part)[1].Properties['Environment']).toMatchObject({
        Variables: {
          ARCHIVE_CATALOGUE: `s3://${resourceOf(all.template, 'AWS::S3::Bucket', 'Catalogue')[0]}`,
        },
      });
    }
    expect(variables('JobRunner')).toContain('GENESYS_BACKFILL_SECRET_ARN');
  });

  it('reserve one invocation for jobs, or none where the settings say so, and drop starts that find it at work', () => {
    expect(functionOf('JobRunner')[1].Properties['ReservedConcurrentExecutions']).toBe(1);
    expect(propertiesOf(all.template, 'AWS::Lambda::EventInvokeConfig', 'ScheduledJobRunner')).toMatchObject({
      MaximumEventAgeInSeconds: 300,
      MaximumRetryAttempts: 0,
    });
    const none = synthesiseSettings({ ...SMALLEST, jobs: { concurrency: null, ownClient: false } });
    none.end();
    expect(propertiesOf(none.template, 'AWS::Lambda::Function', 'ScheduledJobRunner')).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    );
    expect(resourcesOf(none.template, 'AWS::SecretsManager::Secret', 'Backfill')).toEqual([]);
  });

  it('apply rules of retention only where the settings have them, once at a time, by a role that may tag', () => {
    expect(functionOf('Retainer')[1].Properties).toMatchObject({ ReservedConcurrentExecutions: 1 });
    const [role] = resourcesOf(all.template, 'AWS::IAM::Role').find(([id]) =>
      id.startsWith('ArchiveRetainer'),
    ) ?? [''];
    const { PolicyDocument } = propertiesOf(all.template, 'AWS::S3::BucketPolicy', 'BucketObjects');
    const { Statement } = PolicyDocument as { Statement: readonly { Sid: string; Condition: unknown }[] };
    const tagging = Statement.find(({ Sid }) => Sid === 'DenyTagging');
    expect(JSON.stringify(tagging?.Condition)).toContain(JSON.stringify(arnOf(role)));
    const without = synthesiseSettings({ ...SMALLEST, retention: { removeAfterDays: [20], taggers: [] } });
    without.end();
    expect(resourcesOf(without.template, 'AWS::Scheduler::Schedule')).toHaveLength(1);
  });

  it('seal with a key of their own, which stays when the stack is deleted', () => {
    const [, { Properties, DeletionPolicy }] = resourceOf(all.template, 'AWS::KMS::Key', 'LogKey');
    expect(Properties).toMatchObject({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
    expect(DeletionPolicy).toBe('Retain');
    const signers = (
      Properties['KeyPolicy'] as { Statement: { Action: string[]; Condition?: unknown }[] }
    ).Statement.filter(({ Action }) => Action.includes('kms:Sign'));
    expect(signers).toHaveLength(1);
    expect(JSON.stringify(signers[0]?.Condition)).toContain('ArchiveSealer');
  });

  it('drill with a key that signs nothing else, unless the settings want no drills', () => {
    const [id, { Properties, DeletionPolicy }] = resourceOf(all.template, 'AWS::KMS::Key', 'DrillKey');
    expect(Properties).toMatchObject({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
    expect(DeletionPolicy).toBe('Retain');
    const users = (
      Properties['KeyPolicy'] as { Statement: { Action: string[]; Condition?: unknown }[] }
    ).Statement.filter(({ Action }) => Action.includes('kms:Sign'));
    expect(users).toHaveLength(1);
    expect(JSON.stringify(users[0]?.Condition)).toContain('ArchiveDriller');
    expect(functionOf('Driller')[1].Properties['Environment']).toMatchObject({
      Variables: { ARCHIVE_DRILL_KMS_KEY_ID: arnOf(id), ARCHIVE_PROOF_ORIGIN: HARDENED.seal?.origin },
    });
    const none = synthesiseSettings({ ...SMALLEST, seal: { origin: 'a/proof/b', drill: false } });
    none.end();
    expect(resourcesOf(none.template, 'AWS::KMS::Key', 'DrillKey')).toEqual([]);
    expect(resourcesOf(none.template, 'AWS::Scheduler::Schedule')).toHaveLength(2);
  });
});

describe('the alarms about them', () => {
  const ANCHORS = [
    'sample-finding',
    'sample-overdue',
    'jobs-stopped',
    'catalogue-late',
    'facts-late',
    'gdpr-request',
    'retention-late',
    'not-sealed',
    'seal-differences',
    'log-broken',
    'drill-finding',
    'drill-overdue',
  ];
  const alarms = () => resourcesOf(all.template, 'AWS::CloudWatch::Alarm', 'Scheduled');

  it('tell the topic, and name an entry of the runbook that is there', () => {
    const page = readFileSync('docs/runbook.md', 'utf8');
    const [topic] = resourceOf(all.template, 'AWS::SNS::Topic');
    const found = alarms().map(([, { Properties }]) => {
      expect([Properties['AlarmActions'], Properties['OKActions']]).toEqual([[topic], [topic]]);
      return /docs\/runbook\.md#([a-z-]+)$/.exec(String(Properties['AlarmDescription']))?.[1];
    });
    expect(new Set(found)).toEqual(new Set(ANCHORS));
    expect(found).toHaveLength(ANCHORS.length);
    for (const anchor of ANCHORS) {
      const title = `${anchor[0]?.toUpperCase()}${anchor.slice(1).replaceAll('-', ' ')}`;
      expect(page).toContain(`\n## ${title}\n`);
    }
  });

  it('ring also when nothing is heard of a verification or a drill for 50 hours, or of a seal for 26', () => {
    const about = (anchor: string) =>
      alarms().find(([, { Properties }]) =>
        String(Properties['AlarmDescription']).endsWith(`#${anchor}`),
      )?.[1].Properties;
    for (const [anchor, hours] of [
      ['sample-overdue', 50],
      ['not-sealed', 26],
      ['drill-overdue', 50],
    ] as const) {
      expect(about(anchor)).toMatchObject({
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
        Period: 3_600,
        EvaluationPeriods: hours,
        TreatMissingData: 'breaching',
      });
    }
  });
});

it('the bundles of all functions of schedules are built, and the archiving function has nothing of theirs', () => {
  const built = readdirSync('dist/lambda').filter((name) => name.endsWith('.mjs'));
  expect(built.toSorted()).toEqual([
    'archive.mjs',
    'catalogue.mjs',
    'console.mjs',
    'drill.mjs',
    'facts.mjs',
    'jobs.mjs',
    'retention.mjs',
    'seal.mjs',
    'verify.mjs',
  ]);
  const archive = readFileSync('dist/lambda/archive.mjs', 'utf8');
  for (const theirs of ['PAR1', 'job.json', 'statement/v1', 'drill/v1']) {
    expect([theirs, archive.includes(theirs)]).toEqual([theirs, false]);
  }
});

it('the files of a scheduled function are all that it imports, of the functions and the command line together', () => {
  const lists = JSON.parse(readFileSync('dist/lambda/files.json', 'utf8')) as Record<string, string[]>;
  expect(Object.keys(lists).toSorted()).toEqual([
    'catalogue',
    'console',
    'drill',
    'facts',
    'jobs',
    'retention',
    'seal',
    'verify',
  ]);
  for (const [name, files] of Object.entries(lists)) {
    expect(files).toContain(`${name}.mjs`);
    expect(files.length).toBeGreaterThan(10);
    const missing = files.flatMap((file) =>
      [
        ...readFileSync(`dist/lambda/${file}`, 'utf8').matchAll(
          /(?:from|import\(|import)"(\.{1,2}\/[^"]+\.mjs)"/g,
        ),
      ]
        .map(([, target = '']) => path.posix.join(path.posix.dirname(file), target))
        .filter((target) => !files.includes(target)),
    );
    expect([name, missing]).toEqual([name, []]);
  }
});

it('the code of a scheduled function that is deployed is its files and no other', () => {
  const outdir = mkdtempSync(path.join(tmpdir(), 'assets-'));
  try {
    const app = new App({ outdir });
    const settings = deploySettings.parse({
      region: 'eu-central-1',
      environment: 'mypurecloud.de',
      organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
      verification: { depth: 'full' },
    });
    const stack = new GenesysMediaArchiveStack(app, 'Assets', propsOf(settings));
    expect(stack.stackName).toBe('Assets');
    app.synth();
    const lists = JSON.parse(readFileSync('dist/lambda/files.json', 'utf8')) as { verify: string[] };
    const assets = readdirSync(outdir)
      .filter((name) => name.startsWith('asset.'))
      .map((name) =>
        readdirSync(path.join(outdir, name), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.mjs') || file.endsWith('.map') || file.endsWith('.json'))
          .toSorted(),
      );
    expect(assets).toContainEqual(['archive.mjs']);
    expect(assets).toContainEqual(lists.verify);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
});
