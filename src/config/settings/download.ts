import { flag, hostList, regionList } from '../values/values.ts';

const ARCHIVE = ['archive'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;

/** Where recordings may come from. Part of the one table in `schema.ts`. */
export const DOWNLOAD_SETTINGS = {
  ARCHIVE_MEDIA_HOSTS: {
    schema: hostList,
    group: 'Download',
    meaning:
      'hosts that a download may come from, besides those of the platform’s regions (`docs/security.md`); comma-separated. A name includes everything below it; with a path it is that host alone, and what stands below the path',
    example: 'media.example.com,s3.amazonaws.com/their-bucket',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_REGIONS: {
    schema: regionList,
    group: 'Download',
    meaning:
      'AWS regions that recordings may be kept in, comma-separated, for residency: a recording that the platform keeps elsewhere is refused, and so are hosts of other regions',
    example: 'eu-central-1,eu-west-1',
    default: 'every region that the organization may keep recordings in',
    since: 'regions',
    usedFor: ARCHIVE,
  },
  ARCHIVE_ALLOW_LOOPBACK: {
    schema: flag,
    group: 'Download',
    meaning:
      'permits http and the addresses 127.0.0.1, ::1 and localhost, for the simulator and tests; warns at every start',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ALL,
    namedFileOnly: true,
  },
} as const;
