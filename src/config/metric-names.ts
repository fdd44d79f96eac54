/* On their own, so that the function need not carry the settings of the deployment. */

/**
 * Namespace and metrics that the functions emit, all with the single dimension `service`. Its value is the name of the stack, and this
 * where no stack has said so (`POWERTOOLS_SERVICE_NAME`).
 */
export const METRICS_NAMESPACE = 'GenesysMediaArchive';
export const METRICS_SERVICE = 'genesys-media-archive';
export const METRICS = {
  /** Count: objects newly stored and verified. */
  archived: 'RecordingsArchived',
  /** Count: found in the archive by a redelivery. */
  found: 'RecordingsFound',
  /** Count: put off. */
  notReady: 'RecordingsNotReady',
  /** Count: will never be available; a terminal receipt says so. */
  gone: 'RecordingsGone',
  /** Count: one attempt has failed. */
  failed: 'RecordingsFailed',
  /** Count: credentials or permissions refused by Genesys Cloud, S3, KMS or Secrets Manager. */
  authFailures: 'AuthFailures',
  /** Count: the platform does not tell which organization the OAuth client belongs to; one for each process. */
  organizationUnknown: 'OrganizationUnknown',
  /** Count: what the store holds is not what was sent, or another recording stands under the key. */
  verifyFailures: 'VerifyFailures',
  /** Count: 429, SlowDown and the like that outlasted their retries. */
  throttled: 'Throttled',
  /** Bytes of new objects. */
  bytes: 'BytesArchived',
  /** Milliseconds from the start of the work on a recording to its end. */
  duration: 'ArchiveDuration',
  /** Of the scheduled verification. Count: what is wrong with the recordings that were looked at. */
  sampleFindings: 'SampleFindings',
  /** Of the sealer. 1 for each run that has sealed all that was due. */
  sealed: 'Sealed',
  /** Count: recordings that the statements of a run call missing or unexpected, and access entries that they call missing. */
  sealDifferences: 'SealDifferences',
  /** Count: runs that found the log changed or set back. */
  logBroken: 'LogBroken',
  /** Of the restore drills. Count: recordings that could not be restored, or are something else than their receipts state. */
  drillFindings: 'DrillFindings',
  /** 1 for each run that has found, or made, a drill that is recent enough; 0 for another. */
  drillCurrent: 'DrillCurrent',
  /** Of the function that fetches facts. Count: requests under the GDPR that the platform was not seen to have before. */
  gdprRequests: 'GdprRequests',
  /** 1 for a run that has looked at all that had their turn, 0 for another. */
  sampleComplete: 'SampleComplete',
} as const;
