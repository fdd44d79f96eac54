import type { ArchiveError, ErrorCode } from '../errors.ts';

/**
 * What is to become of a message that failed. `transient`: deliver it again. `permanent`: it can never succeed as it is.
 * `configuration`: it could, once somebody has set something right; so could all others.
 */
export type FailureClass = 'transient' | 'permanent' | 'configuration';

const CONFIGURATION: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'GENESYS_AUTH_REJECTED',
  'GENESYS_FORBIDDEN',
  'STORE_DENIED',
  'STORE_MISSING',
  'KMS_DENIED',
  'KMS_KEY_UNUSABLE',
  'SECRET_DENIED',
  'SECRET_MISSING',
  'SECRET_INVALID',
  'QUEUE_DENIED',
  'QUEUE_MISSING',
]);

export function classifyFailure({ code, retryable }: Pick<ArchiveError, 'code' | 'retryable'>): FailureClass {
  if (CONFIGURATION.has(code)) return 'configuration';
  return retryable ? 'transient' : 'permanent';
}
