/**
 * The domains of Genesys Cloud by AWS region, as the platform's own client SDK 262.0.0 lists them (`PureCloudRegionHosts`).
 * Not all end in `pure.cloud`, and new ones come: other domains are allowed, with a warning.
 */
export const GENESYS_REGIONS: Readonly<Record<string, string>> = {
  'us-east-1': 'mypurecloud.com',
  'us-east-2': 'use2.us-gov-pure.cloud',
  'us-west-2': 'usw2.pure.cloud',
  'ca-central-1': 'cac1.pure.cloud',
  'mx-central-1': 'mxc1.pure.cloud',
  'sa-east-1': 'sae1.pure.cloud',
  'eu-west-1': 'mypurecloud.ie',
  'eu-west-2': 'euw2.pure.cloud',
  'eu-central-1': 'mypurecloud.de',
  'eu-central-2': 'euc2.pure.cloud',
  'eusc-de-east-1': 'edee1.eusc-pure.cloud',
  'me-central-1': 'mec1.pure.cloud',
  'ap-south-1': 'aps1.pure.cloud',
  'ap-southeast-1': 'apse1.pure.cloud',
  'ap-southeast-2': 'mypurecloud.com.au',
  'ap-northeast-1': 'mypurecloud.jp',
  'ap-northeast-2': 'apne2.pure.cloud',
  'ap-northeast-3': 'apne3.pure.cloud',
};

/** Domains below these are the platform's, also of regions that are newer than this program. */
const OWN_DOMAINS = /\.(?:pure\.cloud|us-gov-pure\.cloud|eusc-pure\.cloud)$/;

/** Reports whether it is a domain of the platform, of a listed region or not. */
export function isPlatformDomain(domain: string): boolean {
  return isKnownRegionDomain(domain) || OWN_DOMAINS.test(domain);
}

export function isKnownRegionDomain(domain: string): boolean {
  return Object.values(GENESYS_REGIONS).includes(domain);
}

/**
 * Regions that Global Media Fabric keeps recordings in and that have no domain of their own (`RecordingMetadata.region`): their files
 * are served by the organization's own region.
 */
const MEDIA_ONLY_REGIONS = ['af-south-1', 'ap-east-1', 'ap-southeast-3', 'eu-west-3'] as const;

/** Partitions of their own: nothing of them is kept in another region, nor of others in them. */
const SEPARATE_REGIONS: ReadonlySet<string> = new Set(['us-east-2', 'eusc-de-east-1']);

/** Every region that a recording may be kept in. */
export const RECORDING_REGIONS: readonly string[] = [
  ...new Set([...Object.keys(GENESYS_REGIONS), ...MEDIA_ONLY_REGIONS]),
].toSorted();

/** Of an organization whose domain is `environment`; `undefined` for a domain that is not in the table. */
export function regionOfDomain(environment: string): string | undefined {
  return Object.keys(GENESYS_REGIONS).find((region) => GENESYS_REGIONS[region] === environment);
}

/**
 * Host suffixes that the media of a region are served from: its own domain. Buckets of AWS are not among them, because any AWS account may own the
 * one beside it. Empty for a region without a domain, and for one that is not known.
 */
export function mediaHostsOf(region: string): readonly string[] {
  const domain = Object.hasOwn(GENESYS_REGIONS, region) ? GENESYS_REGIONS[region] : undefined;
  return domain === undefined ? [] : [domain];
}

/** The regions that recordings of an organization of `region` may be kept in: those of the same partition. */
export function regionsBeside(region: string | undefined): readonly string[] {
  if (region === undefined) return [];
  if (SEPARATE_REGIONS.has(region)) return [region];
  return RECORDING_REGIONS.filter((other) => !SEPARATE_REGIONS.has(other));
}
