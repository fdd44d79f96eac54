import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api.ts';
import { asApiError, Failure } from './load.tsx';

export interface Action<T> {
  readonly run: (act: () => Promise<T>) => Promise<void>;
  readonly isRunning: boolean;
  readonly done: T | undefined;
  /** What went wrong, or nothing. */
  readonly report: ComponentChildren;
}

/** Something that is done once on a press: while it runs it cannot be pressed again. */
export function useAction<T>(what: string): Action<T> {
  const [isRunning, setRunning] = useState(false);
  const [done, setDone] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const run = async (act: () => Promise<T>) => {
    setRunning(true);
    setError(undefined);
    try {
      const result = await act();
      setDone(() => result);
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setRunning(false);
    }
  };
  return {
    run,
    isRunning,
    done,
    report: error === undefined ? null : <Failure error={error} what={what} isAction />,
  };
}
