import {
  choice,
  credentialId,
  credentialSecret,
  organizationId,
  originUrl,
  regionDomain,
} from '../values/values.ts';

const ARCHIVE = ['archive', 'seal'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;
const KEYS = ['keys', 'wrap'] as const;

/** Which platform, and who asks. Part of the one table in `schema.ts`. */
export const GENESYS_SETTINGS = {
  GENESYS_CLIENT_ID: {
    schema: credentialId,
    group: 'Genesys Cloud',
    meaning: 'id of the OAuth client (client credentials grant)',
    example: '32aa07aa-db1b-4987-abd0-9483601ec29d',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
    unless: 'GENESYS_SECRET_ARN',
  },
  GENESYS_CLIENT_SECRET: {
    schema: credentialSecret,
    group: 'Genesys Cloud',
    meaning: 'secret of the OAuth client',
    example: 'as the platform shows it once',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
    unless: 'GENESYS_SECRET_ARN',
    secret: true,
  },
  GENESYS_ENVIRONMENT: {
    schema: regionDomain,
    group: 'Genesys Cloud',
    meaning: 'domain of the region of the organization',
    example: 'usw2.pure.cloud',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
  },
  GENESYS_LOGIN_URL: {
    schema: originUrl,
    group: 'Genesys Cloud',
    meaning: 'where tokens are issued',
    example: 'https://login.mypurecloud.com',
    default: 'https://login.{GENESYS_ENVIRONMENT}',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  GENESYS_API_URL: {
    schema: originUrl,
    group: 'Genesys Cloud',
    meaning: 'where the platform API is',
    example: 'https://api.mypurecloud.com',
    default: 'https://api.{GENESYS_ENVIRONMENT}',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  GENESYS_ORGANIZATION_ID: {
    schema: organizationId,
    group: 'Genesys Cloud',
    meaning:
      'id of the organization; an OAuth client of another one is refused before anything is written (`docs/permissions.md`). KMS binds every data key to it, so it must be set with `ARCHIVE_KMS_KEY_ID` to archive, and with a layout that names it',
    example: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    since: 'key modes',
    usedFor: [...ALL, ...KEYS],
  },
  GENESYS_API: {
    schema: choice(['auto', 'media', 'recordings']),
    group: 'Genesys Cloud',
    meaning:
      'dialect of the platform API: `auto` goes by the shape of the event, `media` is the tutorial’s, `recordings` the published one',
    example: 'media',
    default: 'auto',
    since: 'archive',
    usedFor: ARCHIVE,
  },
} as const;
