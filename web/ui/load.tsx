import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { Alert, Loading } from './status.tsx';

export type Loaded<T> =
  | { readonly state: 'loading'; readonly previous: T | undefined }
  | { readonly state: 'ready'; readonly data: T }
  | { readonly state: 'failed'; readonly error: ApiError };

export interface Load<T> {
  readonly result: Loaded<T>;
  /** Loads again, and keeps what is shown until the answer is there. */
  readonly reload: () => void;
}

/** Loads what `load` answers, again whenever `key` changes; an answer to an earlier key is dropped. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Load<T> {
  const [result, setResult] = useState<Loaded<T>>({ state: 'loading', previous: undefined });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setResult((before) => ({
      state: 'loading',
      previous: before.state === 'ready' ? before.data : undefined,
    }));
    load(stop.signal).then(
      (data) => stop.signal.aborted || setResult({ state: 'ready', data }),
      (error: unknown) => stop.signal.aborted || setResult({ state: 'failed', error: asApiError(error) }),
    );
    return () => stop.abort();
  }, [key, turn]);
  return { result, reload: useCallback(() => setTurn((before) => before + 1), []) };
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, {
    code: 'PAGE_FAULT',
    message: error instanceof Error ? error.message : 'the page failed',
    hint: 'reload the page; if it fails again, report the message',
  });
}

interface ShowProps<T> {
  readonly load: Load<T>;
  /** What is loaded, as in "loading the holds". */
  readonly what: string;
  readonly children: (data: T, isStale: boolean) => ComponentChildren;
}

/** Draws loading, refused and failed alike on every page, and the data once they are there. */
export function Show<T>({ load: { result, reload }, what, children }: ShowProps<T>) {
  if (result.state === 'ready') return <>{children(result.data, false)}</>;
  if (result.state === 'failed') return <Failure error={result.error} what={what} retry={reload} />;
  return result.previous === undefined ? <Loading what={what} /> : <>{children(result.previous, true)}</>;
}

interface FailureProps {
  readonly error: ApiError;
  readonly what: string;
  readonly retry?: () => void;
  /** It was to be done, not to be shown. */
  readonly isAction?: boolean;
}

export function Failure({ error, what, retry, isAction = false }: FailureProps) {
  const refused = error.status === 403 || error.status === 404;
  const title =
    error.status === 404
      ? `Not found, or not yours to see: ${what}`
      : error.status === 403
        ? `Your roles do not include this: ${what}`
        : error.status === 401
          ? 'Your session has ended'
          : isAction
            ? `${what[0]?.toUpperCase() ?? ''}${what.slice(1)} was not done`
            : `Could not load ${what}`;
  return (
    <Alert kind={refused ? 'refused' : 'failed'} title={title}>
      <p>
        {error.message}
        {error.hint === undefined ? '' : `; ${error.hint}`} <code>{error.code}</code>
      </p>
      {retry === undefined || refused ? null : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </Alert>
  );
}
