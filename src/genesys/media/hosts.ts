import { ArchiveError } from '../../errors.ts';
import type { UrlPolicy } from '../../http/url-guard.ts';
import type { MediaItem } from '../../ports.ts';
import { GENESYS_REGIONS, mediaHostsOf, regionOfDomain, regionsBeside } from '../../regions.ts';

export interface MediaPlaces {
  /** Domain of the organization's region. */
  readonly environment: string;
  /** `ARCHIVE_MEDIA_HOSTS`. */
  readonly mediaHosts: readonly string[];
  /** `ARCHIVE_REGIONS`; `undefined` for all that the organization may have recordings in. */
  readonly regions: readonly string[] | undefined;
  readonly allowLoopback: boolean;
}

/**
 * Where a file may come from: hosts of the organization's region, of the region the platform states for the file (of every one where it
 * states none), and those of `ARCHIVE_MEDIA_HOSTS`. `ARCHIVE_REGIONS` narrows the regions.
 *
 * @throws `URL_REFUSED` (not retryable) when the file is kept in a region that `ARCHIVE_REGIONS` leaves out.
 */
export function mediaPolicy(
  { environment, mediaHosts, regions, allowLoopback }: MediaPlaces,
  { region, ids }: Pick<MediaItem, 'region' | 'ids'>,
): UrlPolicy {
  const isPermitted = (one: string) => regions?.includes(one) ?? true;
  if (region !== undefined && !isPermitted(region)) {
    throw new ArchiveError(
      'URL_REFUSED',
      `recording ${ids.recordingId} is kept in the region ${region}, which ARCHIVE_REGIONS leaves out`,
      { details: { recordingId: ids.recordingId, region }, hint: OTHER_REGION },
    );
  }
  const home = regionOfDomain(environment);
  // a domain that is not in the table has no region that could be left out
  const own = home === undefined || isPermitted(home) ? [environment] : [];
  const beside = regionsBeside(home).filter((one) => isPermitted(one) && (region ?? one) === one);
  return {
    hosts: [...new Set([...own, ...beside.flatMap(mediaHostsOf), ...mediaHosts])],
    allowLoopback,
    explain: (host) => explainHost(host, { region, isPermitted }),
  };
}

const OTHER_REGION = 'if recordings may be kept there, add the region to ARCHIVE_REGIONS';

function explainHost(
  host: string,
  {
    region,
    isPermitted,
  }: { readonly region: string | undefined; readonly isPermitted: (one: string) => boolean },
): { readonly why: string; readonly hint: string } | undefined {
  const other = Object.keys(GENESYS_REGIONS).find((one) =>
    mediaHostsOf(one).some((suffix) => host === suffix || host.endsWith(`.${suffix}`)),
  );
  if (other !== undefined && !isPermitted(other)) {
    return {
      why: `its host is of the region ${other}, which ARCHIVE_REGIONS leaves out`,
      hint: OTHER_REGION,
    };
  }
  if (other !== undefined) {
    return {
      why: `its host is of the region ${other}, but the recording is kept in ${region ?? 'another one'}`,
      hint: 'if the host is right, add it to ARCHIVE_MEDIA_HOSTS',
    };
  }
  if (!/(?:^|\.)amazonaws\.(?:com|com\.cn|eu)$/.test(host)) return undefined;
  return {
    why: 'its host is not on the list of media hosts',
    hint: 'any AWS account may own a bucket: if this one is the platform’s, add HOST/BUCKET, or BUCKET.HOST, to ARCHIVE_MEDIA_HOSTS',
  };
}
