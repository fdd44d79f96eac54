export interface SimulatorErrorOptions {
  /** What to do about it. */
  readonly hint?: string;
}

/** Refuses what the simulator was asked for by its own caller; a request to one of its servers gets an HTTP answer instead. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError' as const;
  readonly hint: string | undefined;

  constructor(message: string, { hint }: SimulatorErrorOptions = {}) {
    super(message);
    this.hint = hint;
  }
}

/** Returns class name and system code of an error, e.g. `Error EADDRINUSE`. Its text may hold paths and addresses. */
export function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)
    ? `${error.name} ${code}`
    : error.name;
}
