import type { Fault, FaultPlan } from '../faults.ts';
import type { KmsFault, KmsOperation, KmsRequest } from './kms.ts';
import type { SimulatedRequest } from '../service.ts';
import { present } from '../present.ts';

/** Takes the KMS endpoint's faults from the simulator's plan; a rule's id is the name of an operation there. */
export function drawKmsFaults(plan: FaultPlan): (operation: KmsOperation) => KmsFault | undefined {
  return (operation) => {
    const faults = plan.take('kms', operation).map(translateFault);
    return faults.find((fault) => fault !== undefined);
  };
}

function translateFault(fault: Fault): KmsFault | undefined {
  if (fault.kind === 'throttle') return { kind: 'error', code: 'ThrottlingException' };
  if (fault.kind === 'stall') return { kind: 'stall' };
  if (fault.kind === 'reset') return { kind: fault.afterBytes === undefined ? 'reset' : 'lost-answer' };
  if (fault.kind !== 'status') return undefined;
  if (fault.status === 500) return { kind: 'error', code: 'KMSInternalException' };
  if (fault.status === 503) return { kind: 'error', code: 'DependencyTimeoutException' };
  return { kind: 'error', code: 'AccessDeniedException' };
}

/** A request of the KMS endpoint in the form of the simulator's own. `time` is epoch ms. */
export function describeKmsRequest({ operation, keyId, status }: KmsRequest, time: number): SimulatedRequest {
  return {
    server: 'kms',
    route: operation ?? 'unknown',
    method: 'POST',
    path: '/',
    ...present({ id: keyId }),
    status: status === 0 ? undefined : status,
    // an operation is recognised only after its signature
    hadAuthorization: operation !== undefined,
    headers: {},
    faults: [],
    time,
  };
}
