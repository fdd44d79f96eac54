import { athenaName, choice, storeLocation } from '../values/values.ts';

const ALL = ['archive', 'restore', 'store', 'wrap'] as const;

/** Of the catalogue. Part of the one table in `schema.ts`. */
export const CATALOGUE_SETTINGS = {
  ARCHIVE_CATALOGUE: {
    schema: storeLocation,
    group: 'Catalogue',
    meaning:
      'where the catalogue, the facts and jobs are kept: `s3://BUCKET[/PREFIX]` or `file:PATH`; a bucket of its own where that of the archive has a default retention, because they are rewritten',
    example: 's3://my-archive-catalogue',
    default: 'where the archive is',
    since: 'catalogue',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_CATALOGUE_AGENTS: {
    schema: choice(['id', 'hash']),
    group: 'Catalogue',
    meaning:
      'what the catalogue has in clear of agents: their ids, which are pseudonyms of the platform, or keyed hashes of them',
    example: 'hash',
    default: 'id',
    since: 'catalogue',
    usedFor: ALL,
  },
  ARCHIVE_CATALOGUE_SHARDS: {
    schema: choice(['1', '2', '4', '8', '16', '32', '64']),
    group: 'Catalogue',
    meaning:
      'files that a day of the catalogue is kept in, a power of two up to 64: 8 from two million recordings a day. A day keeps the number that it began with until it is rebuilt',
    example: '8',
    default: '1',
    since: 'catalogue',
    usedFor: ALL,
  },
  ARCHIVE_FACTS: {
    schema: choice(['analytics', 'context', 'none']),
    group: 'Catalogue',
    meaning:
      'where the catalogue has agents and queues from: `analytics` is one job of the platform a day, and the one that knows numbers and names of people; `context` reads what `ARCHIVE_CONTEXT=1` keeps beside recordings; `none` leaves them out',
    example: 'context',
    default: 'analytics',
    since: 'catalogue',
    usedFor: ALL,
  },
  ARCHIVE_AUDITS: {
    schema: choice(['platform', 'none']),
    group: 'Catalogue',
    meaning:
      'whether the platform’s own audit of recordings is kept: who played, exported, deleted or protected what. `platform` asks for it once a day, because the platform keeps it for a year',
    example: 'none',
    default: 'platform',
    since: 'audits',
    usedFor: ALL,
  },
  ARCHIVE_ATHENA_WORK_GROUP: {
    schema: athenaName,
    group: 'Catalogue',
    meaning:
      'the work group that `catalogue sql --athena` asks in; output `AthenaWorkGroupName` of the stack',
    example: 'archive-CatalogueAthena-1A2B3C',
    since: 'catalogue sql --athena',
    usedFor: ALL,
  },
  ARCHIVE_ATHENA_DATABASE: {
    schema: athenaName,
    group: 'Catalogue',
    meaning:
      'the database that has the table `recordings`; what stands before the dot in the output `AthenaTableName` of the stack',
    example: 'archive_catalogueathena_1a2b3c',
    since: 'catalogue sql --athena',
    usedFor: ALL,
  },
} as const;
