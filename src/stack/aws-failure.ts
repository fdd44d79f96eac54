import { isAboutCredentials, readAwsError } from '../aws/classify-error.ts';
import { ArchiveError } from '../errors.ts';
import { faultError, faultOf } from '../http/connection/faults.ts';
import { type Diagnosis, fail } from './diagnosis.ts';

/** What is known of a call that AWS did not answer as hoped. Never holds the SDK's error: that one carries the request. */
export type AwsFailure =
  /** These credentials may not make this call. */
  | { readonly kind: 'denied' }
  /** These credentials are unknown or missing: no other call will succeed either. */
  | { readonly kind: 'no-credentials'; readonly reason: string }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly fix?: string | undefined };

/** Besides what all services have. */
const DENIED = /AccessDenied|AllAccessDisabled|NotAuthorized|Forbidden/;
const MISSING = /NotFound|^NoSuch|DoesNotExist|NonExistent|^ValidationError$|^InvalidArn|^PermanentRedirect$/;

/** Sorts what an SDK client, or the queue, threw. */
export function sortAwsFailure(error: unknown): AwsFailure {
  if (error instanceof ArchiveError) {
    if (error.code === 'QUEUE_DENIED') return { kind: 'denied' };
    if (error.code === 'QUEUE_MISSING') return { kind: 'missing', reason: error.message };
    return { kind: 'unavailable', reason: error.message, fix: error.hint };
  }
  const fault = faultOf(error);
  if (fault !== undefined) {
    const { message, hint } = faultError(fault, 'AWS_UNAVAILABLE', 'the connection');
    return { kind: 'unavailable', reason: message, fix: hint };
  }
  const { name, status, system, kind } = readAwsError(error);
  if (isAboutCredentials(kind)) return { kind: 'no-credentials', reason: name };
  if (kind === 'denied' || DENIED.test(name) || status === 401 || status === 403) return { kind: 'denied' };
  if (MISSING.test(name) || status === 404) return { kind: 'missing', reason: name };
  const reason = status === undefined ? (system ?? name) : `${status} ${name}`;
  return { kind: 'unavailable', reason };
}

/**
 * Makes one look. What AWS does not answer becomes a finding about itself, so that the other looks are made all the same.
 *
 * @param permission the IAM action the call needs, e.g. `kms:DescribeKey`.
 * @param look throws what the SDK throws.
 */
export async function lookAt(
  name: string,
  permission: string,
  look: () => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> {
  try {
    return await look();
  } catch (error) {
    return [describeFailure(name, permission, sortAwsFailure(error))];
  }
}

export function describeFailure(name: string, permission: string, failure: AwsFailure): Diagnosis {
  switch (failure.kind) {
    case 'denied':
      return {
        name,
        status: 'skip',
        detail: `these credentials may not look (${permission})`,
        fix: `allow ${permission} to who runs doctor`,
      };
    case 'no-credentials':
      return fail(
        name,
        `AWS knows no such credentials: ${failure.reason}`,
        'log in (aws sso login), or set AWS_PROFILE',
        'AWS_DENIED',
      );
    case 'missing':
      return fail(name, `it does not exist: ${failure.reason}`, 'deploy the stack again: npx cdk deploy');
    case 'unavailable':
      return fail(
        name,
        `AWS does not answer: ${failure.reason}`,
        failure.fix ?? 'check the network, AWS_REGION and AWS_ENDPOINT_URL, and try again',
        'AWS_UNAVAILABLE',
      );
  }
}
