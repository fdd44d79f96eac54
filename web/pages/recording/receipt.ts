/** What of a receipt the page shows as custody. Pure. */

export interface Custodial {
  readonly kind: string;
  readonly reason: string | undefined;
  readonly recorded: string | undefined;
  readonly stored: string | undefined;
  readonly issued: string | undefined;
  readonly tool: string | undefined;
  readonly signedBy: string | undefined;
  readonly contentType: string | undefined;
  readonly plainBytes: number | undefined;
  readonly cipherBytes: number | undefined;
  readonly resumes: number | undefined;
  readonly restarts: number | undefined;
  readonly format: string | undefined;
  readonly wrap: string | undefined;
  readonly keyId: string | undefined;
  readonly store: string | undefined;
  readonly key: string | undefined;
  readonly version: string | undefined;
}

export function custodyOf(receipt: Readonly<Record<string, unknown>> | null): Custodial | undefined {
  if (receipt === null) return undefined;
  const text = (...path: string[]) => {
    const value = at(receipt, path);
    return typeof value === 'string' ? value : undefined;
  };
  const figure = (...path: string[]) => {
    const value = at(receipt, path);
    return typeof value === 'number' ? value : undefined;
  };
  return {
    kind: text('kind') ?? 'unknown',
    reason: text('reason'),
    recorded: text('times', 'recorded'),
    stored: text('times', 'stored'),
    issued: text('times', 'issued'),
    tool: text('tool', 'version'),
    signedBy: text('signature', 'keyId'),
    contentType: text('source', 'contentType'),
    plainBytes: figure('plaintext', 'bytes'),
    cipherBytes: figure('ciphertext', 'bytes'),
    resumes: figure('source', 'resumes'),
    restarts: figure('source', 'restarts'),
    format: text('envelope', 'format'),
    wrap: text('envelope', 'wrap'),
    keyId: text('envelope', 'keyId'),
    store: text('object', 'store'),
    key: text('object', 'key'),
    version: text('object', 'versionId'),
  };
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );
}
