export type { AgainOptions, ProvedRecording } from './archive/archive-again.ts';
export type { Afterwards } from './archive/ports.ts';
export { type ArchiveResult, type DeliveryHints } from './archive/archive-request.ts';
export {
  type ExportedFile,
  type ExportFacts,
  exportKey,
  type ExportMetadata,
  exportMetadata,
} from './record/genesys-export.ts';
export type { Layout } from './record/layout.ts';
export type { ReceiptKey, ReceiptKeys } from './record/receipt/keys.ts';
export {
  type DayRange,
  findRecording,
  type ListedRecording,
  listRecordings,
  type SearchRange,
} from './audit/find-recording.ts';
export {
  objectKey,
  type ObjectKeyParts,
  type ParsedObjectKey,
  parseObjectKey,
} from './record/object-key.ts';
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
export {
  type Verified,
  verifyArchive,
  type VerifyArchiveOptions,
  type VerifyWatcher,
} from './audit/verify-archive.ts';
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
  type ConfigFile,
  type ConfigFor,
  type ConfigSources,
  type CredentialSettings,
  type GenesysConfig,
  type KeysConfig,
  type KeySettings,
  type LayoutConfig,
  loadConfig,
  type ProofConfig,
  type Purpose,
  type RecordingsConfig,
  type RestoreConfig,
  type SealConfig,
  type SealerConfig,
  type StoreConfig,
  type WrapConfig,
  type WritingSettings,
} from './config/config.ts';
export {
  type Archiver,
  type ArchiverPorts,
  createArchiver,
  createReader,
  openConfiguredStore,
  readTrust,
} from './create/archiver.ts';
export { createStaticEnvelope, createStaticReader } from './envelope/static-gcm.ts';
export { ArchiveError, type ArchiveErrorOptions, type ErrorCode, type ErrorDetails } from './errors.ts';
export { type EventSource, type ParsedEvent, type ParseOptions, parseEvent } from './events/parse-event.ts';
export { jsonLogger, type LogFields, type Logger, type LogLevel } from './log.ts';
export type * from './ports.ts';
export { compileIdPattern } from './recording/id.ts';
export type { Secret } from './secret.ts';
export { openStore, type OpenStoreOptions } from './store/open-store.ts';
