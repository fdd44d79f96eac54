/** The console for several people: a function that streams, and CloudFront before it. Off unless the settings have it. */
import { readdirSync, readFileSync } from 'node:fs';
import { Duration, IgnoreMode } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ConsoleSettings } from '../../src/config/deploy/settings.ts';
import { present } from '../../src/present.ts';
import { acknowledge } from '../acknowledge.ts';
import { bundleFolder, createLogGroup } from '../archiving/function.ts';
import { createAssumedRole, createFunctionRole } from '../access/roles.ts';
import { type Grant, requirePolicy } from '../access/grants.ts';
import { logGroupArn } from '../watch/log-group-arn.ts';
import { openSecretsWith } from '../access/policies.ts';
import { logStatements } from '../scheduled/statements.ts';
import { consoleReaderStatements, consoleStatements } from './statements.ts';

/** MB: a whole processor would be 1,769; a leaf of 5 MiB is read, compared and decrypted in memory. */
const MEMORY_MB = 1_024;
/** A package of 180 MB takes 90 s at the 2 MB/s of a response stream. */
const TIMEOUT_S = 300;
/** The most that CloudFront waits for the next bytes of the function without a quota of its own. */
const READ_TIMEOUT_S = 60;

/** Variables of the archiving function that this one is given as well. */
const VARIABLES = [
  'GENESYS_ORGANIZATION_ID',
  'S3_ARCHIVE_BUCKET',
  'ARCHIVE_STORE',
  'S3_EXPECTED_BUCKET_OWNER',
  'ARCHIVE_KMS_KEY_ID',
  'ARCHIVE_KEY_PLACEMENT',
  'ARCHIVE_KEY_RECORDS',
  'ARCHIVE_SIGNING_KEY_SECRET_ARN',
  'ARCHIVE_SIGNING_KMS_KEY_ID',
  'ARCHIVE_CATALOGUE',
  'ARCHIVE_PROOF_ORIGIN',
] as const;

/**
 * Tells the function by which name it was asked, for it is asked by that of its URL, and writes over what a browser sent. Runtime 2.0 of CloudFront
 * Functions.
 */
const VIEWER_HOST = `function handler(event) {
  var request = event.request;
  request.headers['x-viewer-host'] = { value: request.headers.host.value };
  return request;
}
`;

/** What the function needs of the stack. */
export interface ConsolePlace {
  /** Of the archiving function, and of those that schedules start. */
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly secretArn: string;
  readonly policies: ReadonlyMap<iam.Role, iam.Policy>;
  readonly code: lambda.Code | undefined;
}

export class Console extends Construct {
  /** Of the function: it reads two secrets, and becomes the reader for each person. */
  readonly role: iam.Role;
  /** Assumed under the name of each person. */
  readonly reader: iam.Role;
  logGroup: logs.LogGroup | undefined;
  function: lambda.Function | undefined;
  distribution: cloudfront.Distribution | undefined;
  readonly #settings: ConsoleSettings;

  constructor(scope: Construct, id: string, settings: ConsoleSettings) {
    super(scope, id);
    this.#settings = settings;
    this.role = createFunctionRole(
      this,
      'Function',
      'the console; reads nothing of the archive but as a person',
    );
    this.reader = createAssumedRole(
      this,
      'Reader',
      'a person in the console, by the name of the session',
      this.role,
    );
  }

  createLogs(days: number, key: kms.IKey | undefined): void {
    this.logGroup = createLogGroup(this, 'Logs', days, key);
  }

  /** @param secretArn of the console. */
  grants(secretArn: () => string): readonly Grant[] {
    return [
      {
        role: this.role,
        statements: ({ signingSecretArn, serviceKeyArn }) => [
          ...consoleStatements(this.reader.roleArn, [
            secretArn(),
            ...(signingSecretArn === undefined ? [] : [signingSecretArn]),
          ]),
          ...logStatements(logGroupArn(this.#logs())),
          ...(serviceKeyArn === undefined ? [] : [openSecretsWith(serviceKeyArn)]),
        ],
      },
      { role: this.reader, statements: consoleReaderStatements },
    ];
  }

  create(place: ConsolePlace): void {
    this.function = this.#createFunction(place);
    const url = this.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.AWS_IAM,
      invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
    });
    this.distribution = this.#createDistribution(url);
    acknowledge(this.distribution, {
      'AwsSolutions-CFR1':
        'Where people work is not for this stack to say; a web ACL that says it is a setting.',
      'AwsSolutions-CFR2': 'A web ACL costs money and is a setting, console.webAclArn.',
      'AwsSolutions-CFR3':
        'The access log of the console says who did what; addresses of media are in those of CloudFront, too.',
      'AwsSolutions-CFR4':
        'Without a name of its own CloudFront’s certificate is used, which leaves no choice; with one it is TLS 1.2.',
    });
  }

  get url(): string {
    const { domainName } = this.#settings;
    return `https://${domainName ?? this.distribution?.distributionDomainName ?? ''}`;
  }

  #createFunction({
    environment,
    environmentVariables,
    secretArn,
    policies,
    code,
  }: ConsolePlace): lambda.Function {
    const own = VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const handler = new lambda.Function(this, 'Handler', {
      description: 'The console: shows, plays, verifies and exports what is archived',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'lambda/console.handler',
      code: code ?? consoleCode(),
      memorySize: MEMORY_MB,
      timeout: Duration.seconds(TIMEOUT_S),
      role: this.role,
      logGroup: this.#logs(),
      environment: {
        ...environmentVariables,
        ...Object.fromEntries(own),
        ...(this.#settings.reasonRequired ? { ARCHIVE_CONSOLE_REASON: 'required' } : {}),
        ARCHIVE_CONSOLE_SECRET_ARN: secretArn,
        ARCHIVE_CONSOLE_ROLE_ARN: this.reader.roleArn,
      },
    });
    handler.node.addDependency(requirePolicy(policies, this.role));
    return handler;
  }

  #createDistribution(url: lambda.FunctionUrl): cloudfront.Distribution {
    const { domainName, certificateArn, webAclArn } = this.#settings;
    const named =
      domainName === undefined || certificateArn === undefined
        ? {}
        : {
            domainNames: [domainName],
            certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
          };
    return new cloudfront.Distribution(this, 'Distribution', {
      comment: 'The console of the archive',
      defaultBehavior: {
        origin: origins.FunctionUrlOrigin.withOriginAccessControl(url, {
          readTimeout: Duration.seconds(READ_TIMEOUT_S),
        }),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        // nothing is kept on the way: what is shown is of one person
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        compress: false,
        functionAssociations: [
          {
            eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
            function: new cloudfront.Function(this, 'ViewerHost', {
              comment: 'Tells the console by which name it was asked',
              code: cloudfront.FunctionCode.fromInline(VIEWER_HOST),
              runtime: cloudfront.FunctionRuntime.JS_2_0,
            }),
          },
        ],
      },
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      ...present({ webAclId: webAclArn }),
      ...named,
    });
  }

  #logs(): logs.LogGroup {
    if (this.logGroup === undefined) throw new Error('the log group of the console was not made');
    return this.logGroup;
  }
}

/** The bundle, the page, and the script that makes waveforms, as they lie in `dist/`. */
function consoleCode(): lambda.Code {
  const folder = bundleFolder('console');
  const root = folder.replace(/lambda\/$/, '');
  const files = JSON.parse(readFileSync(`${folder}files.json`, 'utf8')) as Readonly<
    Record<string, readonly string[]>
  >;
  const kept = [
    'peaks-worker.mjs',
    'licences.json',
    ...readdirSync(`${root}console`).map((file) => `console/${file}`),
    ...(files['console'] ?? []).map((file) => `lambda/${file}`),
  ];
  const folders = ['console', 'lambda', 'lambda/chunks'].flatMap((name) => [`!${name}`, `${name}/*`]);
  const exclude = ['*', ...folders, ...kept.map((file) => `!${file}`)];
  return lambda.Code.fromAsset(root, { exclude, ignoreMode: IgnoreMode.GIT });
}
