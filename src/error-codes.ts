import { CATALOGUE_CODES } from './error-codes/catalogue.ts';
import { CONSOLE_CODES } from './error-codes/console.ts';
import { DEPLOYMENT_CODES } from './error-codes/deployment.ts';
import { DOWNLOAD_CODES } from './error-codes/download.ts';
import type { ErrorCodeFacts } from './error-codes/facts.ts';
import { GENESYS_CODES } from './error-codes/genesys.ts';
import { KEEPING_CODES } from './error-codes/keeping.ts';
import { JOB_CODES } from './error-codes/jobs.ts';
import { KEY_SERVICE_CODES } from './error-codes/key-services.ts';
import { OBJECT_CODES } from './error-codes/objects.ts';
import { OUTPUT_CODES } from './error-codes/output.ts';
import { PROOF_CODES } from './error-codes/proof.ts';
import { SOURCE_CODES } from './error-codes/source.ts';
import { STORE_CODES } from './error-codes/store.ts';
import { WORK_CODES } from './error-codes/work.ts';

export type { ErrorCodeFacts };

/** Every failure that this product can report, from one table for each subject; `docs/errors.md` is generated from here. */
export const ERROR_CODES = {
  ...WORK_CODES,
  ...GENESYS_CODES,
  ...DOWNLOAD_CODES,
  ...STORE_CODES,
  ...KEY_SERVICE_CODES,
  ...OBJECT_CODES,
  ...KEEPING_CODES,
  ...SOURCE_CODES,
  ...JOB_CODES,
  ...CATALOGUE_CODES,
  ...PROOF_CODES,
  ...CONSOLE_CODES,
  ...DEPLOYMENT_CODES,
  ...OUTPUT_CODES,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Tells a code that this version knows from one of another version, or none. */
export function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code);
}
