import { drawKmsFaults } from './kms/attach-kms.ts';
import { drawS3Faults } from './s3/attach-s3.ts';
import type { FaultPlan } from './faults.ts';
import type { KmsEndpoint, KmsOptions, KmsRequest } from './kms/kms.ts';
import type { S3Options } from './s3/s3-options.ts';
import type { S3Endpoint, S3Request } from './s3/s3.ts';

/** By the system's clock: a client signs its requests for S3 by that, too. Loaded only where it is asked for: half of the code. */
export async function startS3Endpoint(
  place: Pick<S3Options, 'dir' | 'buckets' | 'lockedBuckets' | 'sessionToken'>,
  faults: FaultPlan,
  port: number,
  onRequest: (request: S3Request) => void,
): Promise<S3Endpoint> {
  const { startS3 } = await import('./s3/s3.ts');
  return startS3({ ...place, port, onRequest, fault: drawS3Faults(faults) });
}

export async function startKmsEndpoint(
  place: Pick<KmsOptions, 'dir' | 'sessionToken'>,
  faults: FaultPlan,
  port: number,
  onRequest: (request: KmsRequest) => void,
): Promise<KmsEndpoint> {
  const { startKms } = await import('./kms/kms.ts');
  return startKms({ ...place, port, onRequest, fault: drawKmsFaults(faults) });
}
