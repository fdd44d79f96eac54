/** What is wrong with settings that are each well formed, and what is only worth a warning. */
import {
  isSettingName,
  listSettings,
  type Purpose,
  type Setting,
  SETTINGS,
  type SettingValues,
} from '../schema.ts';
import { isAwsDomain, suggestRegion, withoutAwsSuffix } from '../../aws-regions.ts';
import type { GatheredSettings, Problem } from '../sources.ts';
import { ArchiveError } from '../../errors.ts';
import { isKnownRegionDomain } from '../../regions.ts';

/** Reports whether every customer of AWS can put files under a host, unless a bucket narrows it. */
function isEverybodysHost(host: string): boolean {
  const service = isAwsDomain(host) ? '' : withoutAwsSuffix(host);
  return host === 'cloudfront.net' || (service !== undefined && /^(?:s3[a-z0-9.-]*)?$/.test(service));
}

/** An HMAC secret shorter than this (characters) can be guessed offline from one signed request. */
const SHORT_SECRET = 16;

export function findMissing(gathered: GatheredSettings, purpose: Purpose): Problem[] {
  const reported = new Set(gathered.problems.map(({ name }) => name));
  return listSettings()
    .filter(([name, setting]) => setting.requiredFor?.includes(purpose) === true && !reported.has(name))
    .filter(([name, { unless }]) =>
      [name, unless].every((one) => one === undefined || !isGiven(gathered, one)),
    )
    .map(([name]) => ({ name, text: 'is missing' }));
}

function isGiven({ values }: GatheredSettings, name: string): boolean {
  return isSettingName(name) && values[name] !== undefined;
}

export function findStoreProblems(
  values: SettingValues,
  invalid: ReadonlySet<string>,
  ranks: GatheredSettings['ranks'],
  onLambda: boolean,
): Problem[] {
  const { ARCHIVE_STORE: store, S3_ARCHIVE_BUCKET: bucket } = values;
  if (invalid.has('ARCHIVE_STORE') || invalid.has('S3_ARCHIVE_BUCKET')) return [];
  if (store === undefined && bucket === undefined) {
    return onLambda ? [{ name: 'ARCHIVE_STORE', text: 'is missing, and so is S3_ARCHIVE_BUCKET' }] : [];
  }
  if (store === undefined || bucket === undefined) return [];
  const sameSource = ranks.ARCHIVE_STORE === ranks.S3_ARCHIVE_BUCKET;
  const sameBucket = store === `s3://${bucket}` || store.startsWith(`s3://${bucket}/`);
  return sameSource && !sameBucket
    ? [{ name: 'S3_ARCHIVE_BUCKET', text: 'contradicts ARCHIVE_STORE; set one of them' }]
    : [];
}

export function findUrlProblems(values: SettingValues, invalid: ReadonlySet<string>): Problem[] {
  if (invalid.has('ARCHIVE_ALLOW_LOOPBACK')) return [];
  const names = [
    'GENESYS_LOGIN_URL',
    'GENESYS_API_URL',
    'ARCHIVE_QUEUE_URL',
    'ARCHIVE_DEAD_LETTER_QUEUE_URL',
  ] as const;
  return names.flatMap((name) => {
    const { [name]: origin } = values;
    if (origin === undefined) return [];
    const { protocol, hostname } = new URL(origin);
    const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
    if (loopback && values.ARCHIVE_ALLOW_LOOPBACK === true) return [];
    if (loopback) return [{ name, text: 'is on this machine, which only ARCHIVE_ALLOW_LOOPBACK=1 permits' }];
    return protocol === 'https:' ? [] : [{ name, text: 'must start with https://' }];
  });
}

/** The AWS SDK would look up hosts of a region that does not exist, and report only that they are unknown. */
export function findRegionWarnings(env: Readonly<Record<string, string | undefined>>): string[] {
  return ['AWS_REGION', 'AWS_DEFAULT_REGION'].flatMap((name) => {
    const meant = suggestRegion(env[name] ?? '');
    return meant === undefined ? [] : [`${name} is not spelled like a region of AWS; did you mean ${meant}?`];
  });
}

export function findWarnings(values: SettingValues): string[] {
  const warnings: string[] = [];
  if (values.ARCHIVE_ALLOW_LOOPBACK === true) {
    warnings.push('ARCHIVE_ALLOW_LOOPBACK=1 permits http and this machine’s own addresses: for tests only');
  }
  if (values.GENESYS_ENVIRONMENT !== undefined && !isKnownRegionDomain(values.GENESYS_ENVIRONMENT)) {
    warnings.push(
      'GENESYS_ENVIRONMENT is none of the 18 known region domains: the client secret is sent there',
    );
  }
  if (values.ARCHIVE_MEDIA_HOSTS?.some(isEverybodysHost) === true) {
    warnings.push(
      'ARCHIVE_MEDIA_HOSTS names a host where every customer of AWS can put files; narrow it to a bucket, as in s3.amazonaws.com/BUCKET',
    );
  }
  const isBucket = values.S3_ARCHIVE_BUCKET !== undefined || values.ARCHIVE_STORE?.startsWith('s3:') === true;
  if (values.S3_EXPECTED_BUCKET_OWNER !== undefined && !isBucket) {
    warnings.push('S3_EXPECTED_BUCKET_OWNER has no effect: the archive is in a directory');
  }
  if (values.ARCHIVE_FACTS === 'context' && values.ARCHIVE_CONTEXT === false) {
    warnings.push('ARCHIVE_FACTS=context finds nothing of what is archived with ARCHIVE_CONTEXT=0');
  }
  const secrets = values.ARCHIVE_WEBHOOK_SECRET ?? [];
  if (secrets.some((secret) => secret.reveal().length < SHORT_SECRET)) {
    warnings.push(`ARCHIVE_WEBHOOK_SECRET holds a secret shorter than ${SHORT_SECRET} characters`);
  }
  if (values.ARCHIVE_WEBHOOK_OPEN === true) {
    warnings.push(
      secrets.length > 0 || values.ARCHIVE_WEBHOOK_SECRET_ARN !== undefined
        ? 'ARCHIVE_WEBHOOK_OPEN=1 has no effect: there is a secret, so requests must be signed'
        : 'ARCHIVE_WEBHOOK_OPEN=1 accepts requests without a signature from any sender',
    );
  }
  return warnings;
}

/** All problems in one error, in the order of the table, each with what its setting means. */
export function invalidConfig(problems: readonly Problem[], archive?: string): ArchiveError {
  const order = Object.keys(SETTINGS);
  const sorted = problems.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
  const table = new Map<string, Setting>(listSettings());
  const lines = sorted.map(({ name, text }) => {
    const setting = table.get(name);
    const about = setting === undefined ? '' : ` (${setting.meaning}; example: ${setting.example})`;
    return `  ${name}: ${text}${about}`.replaceAll('`', '');
  });
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  return new ArchiveError(
    'CONFIG_INVALID',
    `${count} with the settings${archive === undefined ? '' : ` of archive ${archive}`}:\n${lines.join('\n')}`,
    {
      details: { settings: [...new Set(sorted.map(({ name }) => name))].join(', ') },
    },
  );
}
