/**
 * The partitions of AWS with their regions and domains, as the AWS SDK lists them (`partitions.json` of its endpoint rules). New
 * regions come: a name of the right form that is not listed is taken, and belongs to the partition its form says.
 */
export interface AwsPartition {
  /** As in ARNs. */
  readonly name: string;
  readonly dnsSuffix: string;
  /** Of the endpoints that are reached over IPv6, too. */
  readonly dualStackDnsSuffix: string;
  /** Matches its regions, whole. */
  readonly region: RegExp;
  readonly regions: readonly string[];
}

const PARTITIONS: readonly AwsPartition[] = [
  {
    name: 'aws',
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    region: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]{2,20}-\d{1,2}$/,
    regions: [
      'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2',
      'ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7',
      'ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2',
      'eu-west-3 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1',
      'us-east-2 us-west-1 us-west-2',
    ].flatMap((line) => line.split(' ')),
  },
  {
    name: 'aws-cn',
    dnsSuffix: 'amazonaws.com.cn',
    dualStackDnsSuffix: 'api.amazonwebservices.com.cn',
    region: /^cn-[a-z]{2,20}-\d{1,2}$/,
    regions: ['cn-north-1', 'cn-northwest-1'],
  },
  {
    name: 'aws-eusc',
    dnsSuffix: 'amazonaws.eu',
    dualStackDnsSuffix: 'api.amazonwebservices.eu',
    region: /^eusc-[a-z]{2}-[a-z]{2,20}-\d{1,2}$/,
    regions: ['eusc-de-east-1'],
  },
  {
    name: 'aws-us-gov',
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    region: /^us-gov-[a-z]{2,20}-\d{1,2}$/,
    regions: ['us-gov-east-1', 'us-gov-west-1'],
  },
  {
    name: 'aws-iso',
    dnsSuffix: 'c2s.ic.gov',
    dualStackDnsSuffix: 'api.aws.ic.gov',
    region: /^us-iso-[a-z]{2,20}-\d{1,2}$/,
    regions: ['us-iso-east-1', 'us-iso-west-1'],
  },
  {
    name: 'aws-iso-b',
    dnsSuffix: 'sc2s.sgov.gov',
    dualStackDnsSuffix: 'api.aws.scloud',
    region: /^us-isob-[a-z]{2,20}-\d{1,2}$/,
    regions: ['us-isob-east-1', 'us-isob-west-1'],
  },
  {
    name: 'aws-iso-e',
    dnsSuffix: 'cloud.adc-e.uk',
    dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk',
    region: /^eu-isoe-[a-z]{2,20}-\d{1,2}$/,
    regions: ['eu-isoe-west-1'],
  },
  {
    name: 'aws-iso-f',
    dnsSuffix: 'csp.hci.ic.gov',
    dualStackDnsSuffix: 'api.aws.hci.ic.gov',
    region: /^us-isof-[a-z]{2,20}-\d{1,2}$/,
    regions: ['us-isof-east-1', 'us-isof-south-1'],
  },
];

/** Suffixes of the hosts of AWS, the longest first, so that `amazonaws.com.cn` is not taken for another's `.cn`. */
const DNS_SUFFIXES = [
  ...new Set(PARTITIONS.flatMap(({ dnsSuffix, dualStackDnsSuffix }) => [dnsSuffix, dualStackDnsSuffix])),
].toSorted((one, other) => other.length - one.length);

/** The partition of a region, or `undefined` when `region` has not the form of any. */
export function partitionOf(region: string): AwsPartition | undefined {
  return PARTITIONS.find(({ region: pattern }) => pattern.test(region));
}

export function isAwsRegion(text: string): boolean {
  return partitionOf(text) !== undefined;
}

export function isKnownAwsRegion(text: string): boolean {
  return PARTITIONS.some(({ regions }) => regions.includes(text));
}

/** The part of `hostname` before the domain of AWS, e.g. `sqs.eu-west-1`; `undefined` for a host of others. */
export function withoutAwsSuffix(hostname: string): string | undefined {
  const suffix = DNS_SUFFIXES.find((one) => hostname.endsWith(`.${one}`));
  return suffix === undefined ? undefined : hostname.slice(0, -suffix.length - 1);
}

/** Reports whether it is a domain under which AWS gives hosts to all its customers, itself or one level above a service. */
export function isAwsDomain(domain: string): boolean {
  return DNS_SUFFIXES.includes(domain);
}

/**
 * The region that `text` is another spelling of: `us_east_1`, `US-EAST-1`, `useast1`, or an availability zone of it. `undefined`
 * when it is a known region, or like none.
 */
export function suggestRegion(text: string): string | undefined {
  if (text.length > 64 || isKnownAwsRegion(text)) return undefined;
  const bare = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const wanted = bare(text).replace(/(\d)[a-f]$/, '$1');
  return PARTITIONS.flatMap(({ regions }) => regions).find((region) => bare(region) === wanted);
}

/** `arn:PARTITION:sqs:REGION:ACCOUNT:NAME` as the URL of the queue; `undefined` when it is no ARN of a queue. */
export function queueUrlOf(arn: string | undefined): string | undefined {
  const [, name, region = '', account, queue] =
    /^arn:(aws[a-z-]{0,20}):sqs:([a-z0-9-]{1,30}):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/.exec(
      arn ?? '',
    ) ?? [];
  const partition = partitionOf(region);
  // a region of another partition than the ARN's does not exist
  if (queue === undefined || partition?.name !== name) return undefined;
  return `https://sqs.${region}.${partition?.dnsSuffix}/${account}/${queue}`;
}

/**
 * The region that requests to a queue are signed for: of `sqs.REGION.SUFFIX` in every partition, with `-fips`, dual-stack and VPC
 * endpoints, and of the older `REGION.queue.SUFFIX` and `queue.SUFFIX`.
 */
export function regionOfQueueHost(hostname: string): string | undefined {
  const service = withoutAwsSuffix(hostname.toLowerCase());
  if (service === undefined) return undefined;
  if (service === 'queue') return 'us-east-1';
  const [, ofService, ofQueue] =
    /^(?:(?:[a-z0-9-]+\.)*sqs(?:-fips)?\.([a-z0-9-]+)(?:\.vpce)?|([a-z0-9-]+)\.queue)$/.exec(service) ?? [];
  return ofService ?? ofQueue;
}

/** `AWS_USE_FIPS_ENDPOINT`, as the AWS SDK reads it. */
export function wantsFips(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['AWS_USE_FIPS_ENDPOINT'] === 'true';
}
