import { Duration, Names, Stack } from 'aws-cdk-lib';
import * as athena from 'aws-cdk-lib/aws-athena';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ATHENA_TYPES } from '../../src/catalogue/ddl.ts';
import { DAYS_PREFIX } from '../../src/catalogue/places.ts';
import { COLUMNS } from '../../src/catalogue/schema.ts';
import { catalogueSettings, type CatalogueSettings } from '../../src/config/deploy/settings.ts';
import { acknowledge } from '../acknowledge.ts';
import { wildcards } from '../access/roles.ts';
import type { Statement } from '../access/statement.ts';

/** Answers of Athena: rows of the clear files, which are copies. */
const ANSWERS_PREFIX = 'athena/';
const ANSWER_DAYS = 1;
const BYTES_IN_MB = 1_000_000;
const TABLE = 'recordings';

/** What a policy for those who ask Athena is about. */
export interface AnalystResources {
  readonly bucketArn: string;
  readonly workGroupArn: string;
  /** Of the Glue catalogue, the database and the table. */
  readonly tableArns: readonly string[];
}

/** Who asks Athena: reads the clear files, and nothing that is sealed; no recording, no fact, no key. */
export function analystStatements({
  bucketArn,
  workGroupArn,
  tableArns,
}: AnalystResources): readonly Statement[] {
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]) =>
    ({ Sid, Effect: 'Allow', Action, Resource }) as const;
  return [
    allow(
      'Ask',
      [
        'athena:StartQueryExecution',
        'athena:StopQueryExecution',
        'athena:GetQueryExecution',
        'athena:GetQueryResults',
        'athena:GetWorkGroup',
      ],
      [workGroupArn],
    ),
    allow('ReadTable', ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'], tableArns),
    allow('ReadRows', ['s3:GetObject'], [`${bucketArn}/${DAYS_PREFIX}*`]),
    allow(
      'KeepAnswers',
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      [`${bucketArn}/${ANSWERS_PREFIX}*`],
    ),
    {
      ...allow('FindRows', ['s3:ListBucket'], [bucketArn]),
      Condition: { StringLike: { 's3:prefix': [`${DAYS_PREFIX}*`, `${ANSWERS_PREFIX}*`] } },
    },
    allow('FindBucket', ['s3:GetBucketLocation'], [bucketArn]),
  ];
}

/**
 * The catalogue as a table of Athena, with a projection of its days, and a work group that ends a query which reads too much: an error
 * that names the limit, and never a shorter answer. The policy gives nothing until it is attached.
 */
export class CatalogueAthena extends Construct {
  readonly workGroupName: string;
  /** `DATABASE.TABLE` */
  readonly tableName: string;
  readonly analystPolicy: iam.ManagedPolicy;

  constructor(scope: Construct, id: string, bucket: s3.Bucket, settings: Partial<CatalogueSettings>) {
    super(scope, id);
    const { scanLimitMb, firstDay } = catalogueSettings.parse(settings);
    const { account, region, partition } = Stack.of(this);
    const database = Names.uniqueResourceName(this, {
      separator: '_',
      allowedSpecialCharacters: '_',
      maxLength: 100,
    }).toLowerCase();
    this.workGroupName = Names.uniqueResourceName(this, { separator: '-', maxLength: 100 });
    this.tableName = `${database}.${TABLE}`;
    bucket.addLifecycleRule({ prefix: ANSWERS_PREFIX, expiration: Duration.days(ANSWER_DAYS) });

    createTable(this, { account, database, firstDay, bucketName: bucket.bucketName });
    createWorkGroup(this, {
      account,
      name: this.workGroupName,
      scanLimitMb,
      bucketName: bucket.bucketName,
    });
    const arn = (service: string, resource: string) =>
      `arn:${partition}:${service}:${region}:${account}:${resource}`;
    const statements = analystStatements({
      bucketArn: bucket.bucketArn,
      workGroupArn: arn('athena', `workgroup/${this.workGroupName}`),
      tableArns: [
        arn('glue', 'catalog'),
        arn('glue', `database/${database}`),
        arn('glue', `table/${database}/${TABLE}`),
      ],
    });
    this.analystPolicy = new iam.ManagedPolicy(this, 'Analyst', {
      description: 'Asks the catalogue of an archive of recordings in Athena; opens nothing that is sealed',
      document: iam.PolicyDocument.fromJson({
        Version: '2012-10-17',
        Statement: statements,
      }),
    });
    acknowledge(this.analystPolicy, wildcards(Stack.of(this), statements));
  }
}

interface TableSettings {
  readonly account: string;
  readonly database: string;
  /** `YYYY-MM-DD` */
  readonly firstDay: string;
  readonly bucketName: string;
}

function createTable(scope: Construct, { account, database, firstDay, bucketName }: TableSettings): void {
  const made = new glue.CfnDatabase(scope, 'Database', {
    catalogId: account,
    databaseInput: { name: database, description: 'The catalogue of an archive of recordings; derived' },
  });
  const place = `s3://${bucketName}/${DAYS_PREFIX}`;
  const table = new glue.CfnTable(scope, 'Table', {
    catalogId: account,
    databaseName: database,
    tableInput: {
      name: TABLE,
      tableType: 'EXTERNAL_TABLE',
      partitionKeys: [{ name: 'day', type: 'string' }],
      parameters: {
        classification: 'parquet',
        'projection.enabled': 'true',
        'projection.day.type': 'date',
        'projection.day.format': 'yyyy-MM-dd',
        'projection.day.range': `${firstDay},NOW+1DAYS`,
        'storage.location.template': `${place}day=\${day}/`,
      },
      storageDescriptor: {
        location: place,
        columns: COLUMNS.map(({ name, type }) => ({ name, type: ATHENA_TYPES[type] })),
        inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
        serdeInfo: {
          serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
        },
      },
    },
  });
  table.node.addDependency(made);
}

interface WorkGroupSettings {
  readonly account: string;
  readonly name: string;
  readonly scanLimitMb: number;
  readonly bucketName: string;
}

function createWorkGroup(
  scope: Construct,
  { account, name, scanLimitMb, bucketName }: WorkGroupSettings,
): void {
  new athena.CfnWorkGroup(scope, 'WorkGroup', {
    name,
    description: 'Asks the catalogue of an archive of recordings',
    recursiveDeleteOption: true,
    workGroupConfiguration: {
      // clients cannot choose another place or limit
      enforceWorkGroupConfiguration: true,
      bytesScannedCutoffPerQuery: scanLimitMb * BYTES_IN_MB,
      publishCloudWatchMetricsEnabled: true,
      engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
      resultConfiguration: {
        outputLocation: `s3://${bucketName}/${ANSWERS_PREFIX}`,
        expectedBucketOwner: account,
        encryptionConfiguration: { encryptionOption: 'SSE_S3' },
      },
    },
  });
}
