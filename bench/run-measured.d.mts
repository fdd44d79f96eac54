export interface Measured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly peakRssBytes: number;
  /** User and system. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export function runMeasured(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<Measured>;
