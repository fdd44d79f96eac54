/**
 * What may be told of the answer behind an error of the AWS SDK: its status and the id AWS support asks for. The rest of such an
 * error holds the request, signature included.
 */
export function awsAnswerOf(error: unknown): { status: number | undefined; requestId: string | undefined } {
  const { $metadata } = (typeof error === 'object' && error !== null ? error : {}) as {
    $metadata?: { httpStatusCode?: unknown; requestId?: unknown };
  };
  const { httpStatusCode, requestId } = $metadata ?? {};
  return {
    status: typeof httpStatusCode === 'number' ? httpStatusCode : undefined,
    requestId:
      typeof requestId === 'string' && /^[A-Za-z0-9._-]{1,80}$/.test(requestId) ? requestId : undefined,
  };
}
