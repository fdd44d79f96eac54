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

/** Is it a domain of the platform, though maybe of a region that is not listed? */
export function isPlatformDomain(domain: string): boolean {
  return isKnownRegionDomain(domain) || OWN_DOMAINS.test(domain);
}

export function isKnownRegionDomain(domain: string): boolean {
  return Object.values(GENESYS_REGIONS).includes(domain);
}
