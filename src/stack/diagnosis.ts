import type { ErrorCode } from '../errors.ts';
import { present } from '../present.ts';

/** What one look at the deployment has found. `detail` and `fix` hold nothing secret. */
export interface Diagnosis {
  readonly name: string;
  /** `skip`: the check was not possible. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  readonly detail: string;
  /** What to do about it, as a command where there is one. */
  readonly fix?: string | undefined;
  /** Of a failure that has one. */
  readonly code?: ErrorCode;
}

export function ok(name: string, detail: string): Diagnosis {
  return { name, status: 'ok', detail };
}

export function warn(name: string, detail: string, fix: string): Diagnosis {
  return { name, status: 'warn', detail, fix };
}

export function fail(name: string, detail: string, fix: string, code?: ErrorCode): Diagnosis {
  return { name, status: 'fail', detail, fix, ...present({ code }) };
}

export function skip(name: string, detail: string): Diagnosis {
  return { name, status: 'skip', detail };
}

/** The problems; without any, one `ok`. */
export function orOk(name: string, problems: readonly Diagnosis[], detail: string): readonly Diagnosis[] {
  return problems.length > 0 ? problems : [ok(name, detail)];
}
