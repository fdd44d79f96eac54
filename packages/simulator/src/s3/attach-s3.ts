import { type Fault, type FaultPlan, type RetryAfter } from '../faults.ts';
import type { S3Fault, S3Operation, S3ErrorCode, S3Request } from './s3.ts';
import type { SimulatedRequest } from '../service.ts';

/** The error S3 sends with a status, where there is more than one the usual. */
const CODE_OF_STATUS: Readonly<Record<number, S3ErrorCode>> = {
  400: 'InvalidRequest',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  409: 'ConditionalRequestConflict',
  412: 'PreconditionFailed',
  500: 'InternalError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

/** Longer than any client waits: the longest time a timer of Node takes, in ms (24.8 days). */
const FOREVER_MS = 2_147_483_647;

/** Takes the S3 endpoint's faults from the simulator's plan. */
export function drawS3Faults(
  plan: FaultPlan,
): (target: { readonly operation: S3Operation; readonly key: string }) => S3Fault | undefined {
  return ({ operation, key }) => {
    const faults = plan.take('s3', key, (fault) => operation === 'GetObject' || !needsBody(fault));
    const translated = faults.map((fault) => translateFault(fault, operation));
    return translated.find((fault) => fault !== undefined);
  };
}

/** Faults in the middle of an answer's body strike downloads only; other answers have next to none. */
function needsBody(fault: Fault): boolean {
  return fault.kind === 'cut' || (fault.kind === 'stall' && fault.afterBytes !== undefined);
}

function translateFault(fault: Fault, operation: S3Operation): S3Fault | undefined {
  const { kind } = fault;
  if (kind === 'status') return { kind: 'error', code: CODE_OF_STATUS[fault.status] ?? 'InternalError' };
  if (kind === 'throttle') return { kind: 'error', code: 'SlowDown', ...readRetryAfter(fault.retryAfter) };
  if (kind === 'cut') return { kind: 'cut', afterBytes: Number(fault.atByte) };
  if (kind === 'stall' && fault.afterBytes !== undefined)
    return { kind: 'cut', afterBytes: Number(fault.afterBytes), silent: true };
  if (kind === 'stall') return { kind: 'slow', delayMs: FOREVER_MS };
  if (kind !== 'reset') return undefined;
  if (fault.afterBytes === undefined) return { kind: 'reset' };
  return operation === 'GetObject'
    ? { kind: 'cut', afterBytes: Number(fault.afterBytes) }
    : { kind: 'lost-answer' };
}

function readRetryAfter(retryAfter: RetryAfter): { readonly retryAfter?: number } {
  return typeof retryAfter === 'number' ? { retryAfter } : {};
}

/** A request of the S3 endpoint in the form of the simulator's own. `time` is epoch ms. */
export function describeS3Request(request: S3Request, time: number): SimulatedRequest {
  const { operation, bucket, key, status } = request;
  return {
    server: 's3',
    route: operation ?? 'unknown',
    method: methodOf(operation ?? ''),
    path: `/${bucket}${key === '' ? '' : `/${key}`}`,
    ...(key === '' ? {} : { id: key }),
    status: status === 0 ? undefined : status,
    // an operation is recognised only after its signature
    hadAuthorization: operation !== undefined,
    headers: {},
    faults: [],
    time,
  };
}

function methodOf(operation: string): string {
  if (operation.startsWith('Head')) return 'HEAD';
  if (/^(?:Put|Copy)/.test(operation) || operation === 'UploadPart') return 'PUT';
  if (/^(?:Create|Complete)/.test(operation)) return 'POST';
  return /^(?:Delete|Abort)/.test(operation) ? 'DELETE' : 'GET';
}
