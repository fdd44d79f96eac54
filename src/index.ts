export { type ArchiveResult, type DeliveryHints } from './archive/archive-request.ts';
export { exportKey, exportMetadata } from './archive/genesys-export.ts';
export {
  type DayRange,
  findRecording,
  type ListedRecording,
  listRecordings,
} from './archive/find-recording.ts';
export { objectKey, parseObjectKey } from './archive/object-key.ts';
export {
  openSeekable,
  type PlaintextRange,
  type RangeOptions,
  type RangePorts,
  readRange,
  type SeekableRecording,
} from './archive/read-range.ts';
export {
  type ReadOutcome,
  type ReadPorts,
  restoreRecording,
  type RestoreTarget,
  verifyRecording,
} from './archive/read-recording.ts';
export { type CheckedPorts, type Checking, type ReceiptStanding } from './archive/open-checked.ts';
export { type ReceiptTrust } from './archive/examine-recording.ts';
export { createLeafCache, type LeafCache } from './archive/verified-leaves.ts';
export { type Verified, verifyArchive, type VerifyArchiveOptions } from './archive/verify-archive.ts';
export {
  ALLOWABLE_KINDS,
  type AllowableKind,
  type Finding,
  type FindingKind,
  type Verification,
  verifyAgainstReceipt,
  type VerifyDepth,
  type VerifyPorts,
} from './archive/verify-recording.ts';
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
} from './create-archiver.ts';
export { createStaticEnvelope, createStaticReader } from './envelope/static-gcm.ts';
export { ArchiveError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { type ParsedEvent, type ParseOptions, parseEvent } from './events/parse-event.ts';
export { jsonLogger, type LogFields, type Logger, type LogLevel } from './log.ts';
export type * from './ports.ts';
export { openStore } from './store/open-store.ts';
