import type { JobKindSource } from './kind-source.ts';

/** A source whose code is loaded when a job of it comes up. */
function lazy(name: string, load: () => Promise<JobKindSource>): JobKindSource {
  return { name, open: async (tools) => (await load()).open(tools) };
}

/** The same of a kind that no runner works on unasked. */
function attended(name: string, load: () => Promise<JobKindSource>): JobKindSource {
  return { ...lazy(name, load), attended: true };
}

/** The kinds of jobs that the product has. */
export const JOB_KINDS: readonly JobKindSource[] = [
  lazy('backfill', async () => (await import('./backfill.ts')).backfillJobs),
  lazy('verify', async () => (await import('./verify.ts')).verifyJobs),
  attended('rewrap', async () => (await import('./rewrap.ts')).rewrapJobs),
  attended('adopt', async () => (await import('./adopt.ts')).adoptJobs),
  attended('erase', async () => (await import('./unnamed-erase.ts')).unnamedEraseJobs),
  attended('source-delete', async () => (await import('./unnamed-source-delete.ts')).unnamedSourceDeleteJobs),
  attended('rekey', async () => (await import('./rekey.ts')).rekeyJobs),
  attended('reencrypt', async () => (await import('./reencrypt.ts')).reencryptJobs),
];
