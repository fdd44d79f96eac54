import { WRITE_BACKS } from '../../recording/write-back.ts';
import { retentionAtWrite } from '../retention-at-write.ts';
import {
  accountId,
  bucketName,
  choice,
  filePath,
  flag,
  layoutChoice,
  storeLocation,
} from '../values/values.ts';

const ARCHIVE = ['archive'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;

/** Where objects are kept, and how they are named. Part of the one table in `schema.ts`. */
export const ARCHIVE_SETTINGS = {
  ARCHIVE_STORE: {
    schema: storeLocation,
    group: 'Archive',
    meaning: 'where objects are kept: `s3://BUCKET[/PREFIX]` or `file:PATH`',
    example: 's3://my-archive/calls',
    default: '`file:./archive` for the command line; none on Lambda',
    since: 'archive',
    usedFor: ALL,
  },
  S3_ARCHIVE_BUCKET: {
    schema: bucketName,
    group: 'Archive',
    meaning: 'bucket to keep objects in, the same as `ARCHIVE_STORE=s3://BUCKET`',
    example: 'my-archive',
    since: 'tutorial',
    usedFor: ALL,
  },
  ARCHIVE_LAYOUT: {
    schema: layoutChoice,
    group: 'Archive',
    meaning:
      'how objects are named: `date` is `archive/YYYY/MM/DD/ID.enc`, in UTC; `genesys-export` is that of the platform’s own export; or a template. Choose before the first recording: `docs/layouts.md`',
    example: 'archive/{yyyy}/{mm}/{dd}/{hh}/{conversationId}/{recordingId}{channel}.enc',
    default: 'date',
    since: 'archive',
    usedFor: ALL,
  },
  ARCHIVE_WRITE_BACK: {
    schema: choice(['interaction', ...WRITE_BACKS]),
    group: 'Archive',
    meaning:
      'where the reference to the stored object is written on the platform; `docs/write-back.md` says what each of them does not do',
    example: 'none',
    default: '`interaction` for events of the tutorial, `none` for those of the published API',
    since: 'archive',
    usedFor: ARCHIVE,
  },
  ARCHIVE_RETENTION_FILE: {
    schema: filePath,
    group: 'Archive',
    meaning: 'JSON file of rules of how long recordings stay, or the rules themselves (docs/keeping.md)',
    example: './retention.json',
    since: 'retention',
    usedFor: ['archive', 'wrap'],
    namedFileOnly: true,
  },
  ARCHIVE_RETENTION_AT_WRITE: {
    schema: retentionAtWrite,
    group: 'Archive',
    meaning: 'what new objects are locked or tagged with, as `retain rules` prints it',
    example: 'compliance audio=2562 video=90 other=90',
    default: 'what ARCHIVE_RETENTION_FILE says, for the command line',
    since: 'retention',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_QUARANTINE: {
    schema: filePath,
    group: 'Archive',
    meaning:
      'JSON file of rules of which recordings wait in quarantine, or the rules themselves (docs/keeping.md)',
    example: './quarantine.json',
    since: 'quarantine',
    usedFor: ['archive', 'wrap'],
    namedFileOnly: true,
  },
  S3_FORCE_PATH_STYLE: {
    schema: flag,
    group: 'Archive',
    meaning: 'addresses buckets as part of the path, for S3-compatible servers',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ALL,
  },
  S3_EXPECTED_BUCKET_OWNER: {
    schema: accountId,
    group: 'Archive',
    meaning:
      'AWS account that must own the bucket; every request says so, and S3 refuses it when another account owns the bucket',
    example: '123456789012',
    since: 'archive',
    usedFor: ALL,
  },
} as const;
