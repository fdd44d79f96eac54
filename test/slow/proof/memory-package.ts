import { createHash } from 'node:crypto';
import type { PackageFile, PackageTarget } from '../../../src/proof/evidence/package-file.ts';

export interface MemoryPackage extends PackageTarget {
  readonly files: Map<string, Buffer>;
  readonly ended: string[];
  text(name: string): string;
}

export async function bytesOf({ body }: PackageFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A package that is kept in memory, and tells how it came to its end. */
export function memoryPackage(): MemoryPackage {
  const files = new Map<string, Buffer>();
  const ended: string[] = [];
  return {
    files,
    ended,
    text: (name) => files.get(name)?.toString('utf8') ?? '',
    async write(file) {
      const bytes = await bytesOf(file);
      files.set(file.name, bytes);
      return createHash('sha256').update(bytes).digest('hex');
    },
    commit: () => Promise.resolve(void ended.push('committed')),
    abandon: () => Promise.resolve(void ended.push('abandoned')),
  };
}
