export { type ArchiveResult, type DeliveryHints } from './archive/archive-request.ts';
export { exportKey, exportMetadata } from './record/genesys-export.ts';
export {
  type DayRange,
  findRecording,
  type ListedRecording,
  listRecordings,
} from './audit/find-recording.ts';
export { objectKey, parseObjectKey } from './record/object-key.ts';
export {
  openSeekable,
  type PlaintextRange,
  type RangeOptions,
  type RangePorts,
  readRange,
  type SeekableRecording,
} from './audit/read-range.ts';
export {
  type ReadOutcome,
  type ReadPorts,
  restoreRecording,
  type RestoreTarget,
  verifyRecording,
} from './audit/read-recording.ts';
export { readTranscript, type TranscriptAnswer } from './audit/read-transcript.ts';
export type { StoredTranscript } from './record/parse-transcript.ts';
export { type CheckedPorts, type Checking, type ReceiptStanding } from './audit/open-checked.ts';
export type { ReceiptTrust } from './audit/examine/ports.ts';
export { createLeafCache, type LeafCache } from './audit/verified-leaves.ts';
export { type Verified, verifyArchive, type VerifyArchiveOptions } from './audit/verify-archive.ts';
export {
  ALLOWABLE_KINDS,
  type AllowableKind,
  type Finding,
  type FindingKind,
  type Verification,
  verifyAgainstReceipt,
  type VerifyDepth,
  type VerifyPorts,
} from './audit/verify-recording.ts';
export { type Budget, type Clock, startBudget, systemClock } from './clock.ts';
export {
  type ArchiveConfig,
  type ConfigSources,
  loadConfig,
  type RestoreConfig,
  type StoreConfig,
} from './config/config.ts';
export {
  type Archiver,
  type ArchiverPorts,
  createArchiver,
  createReader,
  readTrust,
} from './create/archiver.ts';
export { createStaticEnvelope, createStaticReader } from './envelope/static-gcm.ts';
export { ArchiveError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { type ParsedEvent, type ParseOptions, parseEvent } from './events/parse-event.ts';
export { jsonLogger, type LogFields, type Logger, type LogLevel } from './log.ts';
export type * from './ports.ts';
export { openStore } from './store/open-store.ts';
