import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { athenaDdl } from '../../src/catalogue/ddl.ts';
import { deploySettings } from '../../src/config/deploy/settings.ts';
import { decide } from './evaluate-policy.ts';
import { arnOf } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let made: Synthesised;
let without: Synthesised;
beforeAll(() => {
  made = synthesiseSettings(
    deploySettings.parse({ ...SMALLEST, catalogue: { athena: true, firstDay: '2026-01-01' } }),
  );
  without = synthesiseSettings({ ...SMALLEST, catalogue: true });
});
afterAll(() => {
  made.end();
  without.end();
});

const TYPES = [
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  'AWS::Athena::WorkGroup',
  'AWS::IAM::ManagedPolicy',
];

describe('the table of Athena', () => {
  it('is made where the settings ask for it, beside the function that keeps the catalogue', () => {
    for (const type of TYPES) {
      expect([type, resourcesOf(made.template, type).length]).toEqual([type, 1]);
      expect([type, resourcesOf(without.template, type).length]).toEqual([type, 0]);
    }
    const compactors = (of: Synthesised) =>
      resourcesOf(of.template, 'AWS::Lambda::Function').filter(([id]) => id.includes('ScheduledCompactor'))
        .length;
    expect([compactors(made), compactors(without)]).toEqual([1, 1]);
    expect(Object.keys(made.template.outputs)).toEqual(
      expect.arrayContaining(['AthenaWorkGroupName', 'AthenaTableName', 'AnalystPolicyArn']),
    );
  });

  it('is that of `catalogue ddl athena`: columns, types, place and projection', () => {
    const [bucket] = resourceOf(made.template, 'AWS::S3::Bucket', 'Catalogue');
    const { TableInput: table } = propertiesOf(made.template, 'AWS::Glue::Table', '') as {
      TableInput: {
        StorageDescriptor: { Columns: { Name: string; Type: string }[]; Location: string };
        PartitionKeys: { Name: string; Type: string }[];
        Parameters: Record<string, string>;
      };
    };
    const { Columns: columns, Location: place } = table.StorageDescriptor;
    const own = [
      'CREATE EXTERNAL TABLE recordings (',
      columns.map(({ Name, Type }) => `  \`${Name}\` ${Type}`).join(',\n'),
      ')',
      `PARTITIONED BY (${table.PartitionKeys.map(({ Name, Type }) => `${Name} ${Type}`).join(', ')})`,
      'STORED AS PARQUET',
      `LOCATION '${place}'`,
      'TBLPROPERTIES (',
      Object.entries(table.Parameters)
        .filter(([name]) => name !== 'classification')
        .map(([name, value]) => `  '${name}'='${value}'`)
        .join(',\n'),
      ')',
    ].join('\n');
    expect(own.replaceAll(`s3://${bucket}/`, 's3://the-bucket/')).toBe(
      athenaDdl('s3://the-bucket', '2026-01-01'),
    );
  });

  it('is asked in a work group whose limit and place no client can change', () => {
    const group = propertiesOf(made.template, 'AWS::Athena::WorkGroup', '');
    expect(group['WorkGroupConfiguration']).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 10_000_000_000,
      ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
    });
    const bucket = propertiesOf(made.template, 'AWS::S3::Bucket', 'Catalogue');
    expect(JSON.stringify(bucket['LifecycleConfiguration'])).toContain(
      '{"ExpirationInDays":1,"Prefix":"athena/","Status":"Enabled"}',
    );
    expect(() => deploySettings.parse({ ...SMALLEST, catalogue: { athena: true, scanLimitMb: 9 } })).toThrow(
      '10',
    );
  });

  it('opens nothing that is sealed, and no other work group, by the policy of those who ask', () => {
    const document = propertiesOf(made.template, 'AWS::IAM::ManagedPolicy', '')['PolicyDocument'];
    const [bucket] = resourceOf(made.template, 'AWS::S3::Bucket', 'Catalogue');
    const [archive] = resourceOf(made.template, 'AWS::S3::Bucket', 'BucketObjects');
    const may = (action: string, resource: string, keys: Record<string, string> = {}) =>
      decide(document, { action, resource, principal: 'arn:aws:iam::111111111111:role/Analyst', keys }) ===
      'allow';
    const file = (key: string) => `${arnOf(bucket)}/${key}`;
    expect(may('s3:GetObject', file('catalogue/recordings/v1/day=2026-03-05/recordings.parquet'))).toBe(true);
    expect(may('s3:PutObject', file('athena/answer.csv'))).toBe(true);
    for (const key of [
      'catalogue/people/v1/day=2026-03-05/people.parquet.enc',
      'catalogue/keys/search-1.json.enc',
      'catalogue/lookup/v1/customer/2026-03.parquet',
      'facts/2026/03/05/conversations.ndjson.gz.enc',
      'jobs/job-1/plan.json',
    ])
      expect([key, may('s3:GetObject', file(key))]).toEqual([key, false]);
    expect(may('s3:PutObject', file('catalogue/recordings/v1/day=2026-03-05/recordings.parquet'))).toBe(
      false,
    );
    expect(may('s3:GetObject', `${arnOf(archive)}/archive/2026/03/05/x.enc`)).toBe(false);
    expect(may('s3:ListBucket', arnOf(bucket), { 's3:prefix': 'facts/' })).toBe(false);
    expect(may('kms:Decrypt', '*')).toBe(false);
    expect(
      may('athena:StartQueryExecution', 'arn:aws:athena:eu-central-1:111111111111:workgroup/primary'),
    ).toBe(false);
  });
});
