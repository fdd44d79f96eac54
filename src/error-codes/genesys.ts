import { errorCodes } from './facts.ts';

/** Codes of the platform API. */
export const GENESYS_CODES = errorCodes({
  GENESYS_AUTH_REJECTED: {
    exit: 4,
    retryable: false,
    meaning: 'Genesys Cloud refused the OAuth client or its token (401).',
    hint: 'check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET (or the secret of GENESYS_SECRET_ARN), and that GENESYS_ENVIRONMENT is the region of that OAuth client',
  },
  GENESYS_FORBIDDEN: {
    exit: 4,
    retryable: false,
    meaning: 'Genesys Cloud refused the call (403): the OAuth client lacks a scope, permission or division.',
  },
  ORGANIZATION_MISMATCH: {
    exit: 2,
    retryable: false,
    meaning:
      'The OAuth client belongs to another organization than GENESYS_ORGANIZATION_ID names. Nothing was written.',
    hint: 'use the OAuth client of that organization, or correct GENESYS_ORGANIZATION_ID; one archive is one organization',
  },
  GENESYS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'Genesys Cloud answered 429 until the retries were used up.',
    hint: 'lower the concurrency: the platform allows 300 requests a minute per token',
  },
  GENESYS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'Genesys Cloud could not be reached, timed out or answered 5xx until the retries were used up.',
  },
  GENESYS_BAD_RESPONSE: {
    exit: 7,
    retryable: true,
    meaning: 'The answer of Genesys Cloud does not match its published API.',
  },
  MEDIA_NOT_READY: {
    exit: 7,
    retryable: true,
    meaning: 'The recording exists but is not complete yet.',
    hint: 'try again in a few minutes',
  },
  MEDIA_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'Genesys Cloud does not know this recording (404).',
  },
  INTERACTION_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The recording is stored, but the interaction to write the reference to does not exist (404).',
  },
});
