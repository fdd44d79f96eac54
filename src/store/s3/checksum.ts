import { createHash } from 'node:crypto';
import type { PutOptions, StoredChecksum } from '../../ports.ts';
import type { Part } from './cut-parts.ts';

/** SHA-256 of one request's body, computed once and used twice: as S3's checksum and as the signed payload hash. */
export interface BodyDigest {
  readonly bytes: Buffer;
  readonly base64: string;
}

/** @param known the digest, where the caller has computed it already; S3 refuses the request should it be wrong. */
export function digestOf(body: Uint8Array, known?: Uint8Array): BodyDigest {
  const bytes = known === undefined ? createHash('sha256').update(body).digest() : Buffer.from(known);
  return { bytes, base64: bytes.toString('base64') };
}

/** Returns the digest of a part: the caller's own, where it has cut the body into leaves of the same size. */
export type PartDigests = (part: Part) => BodyDigest;

export function digestsOfParts({ leaves }: Pick<PutOptions, 'leaves'>, partBytes: number): PartDigests {
  if (leaves?.leafBytes !== partBytes) return ({ bytes }) => digestOf(bytes);
  return ({ bytes, number }) => digestOf(bytes, leaves.leafDigest(number - 1));
}

/** Of an object uploaded in parts: base64 of the digest of the parts' digests, `-`, number of parts. */
export function compositeOf(parts: readonly BodyDigest[]): StoredChecksum {
  const whole = createHash('sha256');
  for (const { bytes } of parts) whole.update(bytes);
  return { type: 'composite', sha256: `${whole.digest('base64')}-${parts.length}` };
}

export function storedChecksum(sha256: string | undefined): StoredChecksum | undefined {
  if (sha256 === undefined) return undefined;
  return { type: sha256.includes('-') ? 'composite' : 'full', sha256 };
}

interface RequestStep {
  readonly request: unknown;
}

interface HasMiddleware {
  readonly middlewareStack: {
    add(
      middleware: <Output>(
        next: (step: RequestStep) => Promise<Output>,
      ) => (step: RequestStep) => Promise<Output>,
      options: { readonly step: 'build'; readonly name: string },
    ): void;
  };
}

/**
 * Makes the signature use a digest that is there already; the SDK would hash the body a second time.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (`x-amz-content-sha256`, hexadecimal)
 */
export function withPayloadHash<Command extends object>(command: Command, digest: BodyDigest): Command {
  const { middlewareStack } = command as unknown as HasMiddleware;
  middlewareStack.add(
    (next) => (step) => {
      const { headers } = step.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = digest.bytes.toString('hex');
      return next(step);
    },
    { step: 'build', name: 'payloadHash' },
  );
  return command;
}
