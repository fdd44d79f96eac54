/**
 * What may be told of the answer behind an error of the AWS SDK: its status, the id AWS support asks for, and headers that say why. The
 * rest of such an error holds the request, signature included.
 */
export interface AwsAnswer {
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** Of the server, as it writes it. */
  readonly date: string | undefined;
  readonly age: string | undefined;
  readonly retryAfter: string | undefined;
  /** Where the bucket is, as S3 says also in answers without a body. */
  readonly bucketRegion: string | undefined;
}

export function awsAnswerOf(error: unknown): AwsAnswer {
  const { $metadata, $response } = (typeof error === 'object' && error !== null ? error : {}) as {
    $metadata?: { httpStatusCode?: unknown; requestId?: unknown };
    $response?: { headers?: Readonly<Record<string, unknown>> };
  };
  const { httpStatusCode, requestId } = $metadata ?? {};
  const header = (name: string): string | undefined => {
    const value = $response?.headers?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const region = header('x-amz-bucket-region');
  return {
    status: typeof httpStatusCode === 'number' ? httpStatusCode : undefined,
    requestId:
      typeof requestId === 'string' && /^[A-Za-z0-9._-]{1,80}$/.test(requestId) ? requestId : undefined,
    date: header('date'),
    age: header('age'),
    retryAfter: header('retry-after'),
    bucketRegion: region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined,
  };
}
