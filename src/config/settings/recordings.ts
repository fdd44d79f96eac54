import { AUDIO_FORMATS } from '../../recording/facts.ts';
import { duration, share } from '../values/measures.ts';
import { choice, flag, kindList, schemaId } from '../values/values.ts';

/** The settings of the published API. Part of the one table in `config/schema.ts`. */

const ARCHIVE = ['archive'] as const;

export const RECORDINGS_SETTINGS = {
  GENESYS_FORMAT: {
    schema: choice(AUDIO_FORMATS),
    group: 'Genesys Cloud',
    meaning:
      'format that the platform makes of audio: `WAV` states its own length, so that a truncated one is always noticed; the others are smaller. Screens are always WEBM, text is ZIP or EML',
    example: 'OGG_OPUS',
    default: 'WAV',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  GENESYS_BATCH: {
    schema: flag,
    group: 'Genesys Cloud',
    meaning:
      'asks for all files of a conversation at once, as they were recorded; `GENESYS_FORMAT` has no effect then, and the platform states no times',
    example: '1',
    default: '0',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  ARCHIVE_KINDS: {
    schema: kindList,
    group: 'Archive',
    meaning:
      'kinds of recordings that are archived, comma-separated: `call`, `screen`, `chat`, `email`, `message`',
    example: 'call,screen',
    default: 'all of them',
    since: 'recordings',
    usedFor: [...ARCHIVE, 'seal'],
  },
  ARCHIVE_SETTLE: {
    schema: duration,
    group: 'Archive',
    meaning:
      'time after the end of a conversation before which its recordings are not asked for: they appear minutes later and not all at once. An SQS queue with this delivery delay makes it cost nothing',
    example: '5m',
    default: '15m',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  ARCHIVE_READY_HORIZON: {
    schema: duration,
    group: 'Archive',
    meaning:
      'time after the end of a conversation from which a recording that is still not there counts as missing, and an empty list as final',
    example: '6h',
    default: '2h',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  ARCHIVE_RESTORE_ARCHIVED: {
    schema: flag,
    group: 'Archive',
    meaning: 'has recordings brought back that the platform has moved to its own archive; takes hours',
    example: '1',
    default: '0',
    since: 'recordings',
    usedFor: [...ARCHIVE, 'seal'],
  },
  ARCHIVE_CONTEXT: {
    schema: flag,
    group: 'Archive',
    meaning:
      'keeps beside each recording, encrypted like it, what the conversation was: roles, queues, wrap-up, direction, hold and pause intervals. Two more calls per conversation',
    example: '1',
    default: '0',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  ARCHIVE_TRANSCRIPTS: {
    schema: flag,
    group: 'Archive',
    meaning:
      'keeps the transcript of speech and text analytics beside each recording, encrypted like it, or that it has none. One or two more calls per conversation',
    example: '1',
    default: '0',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  ARCHIVE_TRANSCRIPTS_WAIT: {
    schema: duration,
    group: 'Archive',
    meaning:
      'time after the end of a conversation for which a transcript is waited for; a backfill asks again for what was not there',
    example: '1h',
    default: '30m',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  ARCHIVE_TRANSCRIPTS_SHARE: {
    schema: share,
    group: 'Operation',
    meaning: 'share of the requests a minute of this process that transcripts may use, as a fraction',
    example: '1/2',
    default: '1/5',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA: {
    schema: schemaId,
    group: 'Archive',
    meaning:
      'schema of the custom attributes that `ARCHIVE_WRITE_BACK=custom-attributes` writes; `docs/write-back.md` has its fields',
    example: 'f4a1f3a0-7f6a-4a7e-9a51-5d0c5c9a0e11',
    since: 'recordings',
    usedFor: ARCHIVE,
  },
  ARCHIVE_RATE_SHARE: {
    schema: share,
    group: 'Operation',
    meaning:
      'share of the 300 requests a minute of the OAuth client that one process may use, as a fraction: `1/10` where ten Lambda invocations run at once',
    example: '1/10',
    default: '1',
    since: 'recordings',
    usedFor: [...ARCHIVE, 'seal'],
  },
} as const;
