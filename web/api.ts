/** The only place that speaks to the server. */
import type { ErrorShape } from './api-types.ts';

/** A refusal or a failure, with the server's code and hint where it stated them. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, stated: ErrorShape['error']) {
    super(stated.message);
    this.status = status;
    this.code = stated.code;
    this.hint = stated.hint;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Told when the server no longer knows the session. */
export const sessionEnded = new EventTarget();

/** When the server last answered: it counts idle time from there. */
export const lastAnswer = { at: Date.now() };

/** @throws {ApiError} */
export async function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await answer(path + searchOf(query), { ...(signal && { signal }) })).json() as Promise<T>;
}

/** @throws {ApiError} */
export async function getBytes(path: string, query: Query = {}, signal?: AbortSignal): Promise<Response> {
  return answer(path + searchOf(query), { ...(signal && { signal }) });
}

/** @throws {ApiError} */
export async function postJson<T>(path: string, body: unknown, keepalive = false): Promise<T> {
  const text = JSON.stringify(body);
  const response = await answer(path, {
    method: 'POST',
    body: text,
    keepalive,
    headers: { 'content-type': 'application/json', 'x-amz-content-sha256': await sha256(text) },
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function answer(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, {
      code: 'NO_ANSWER',
      message: 'the console does not answer',
      hint: 'check that it still runs and that the network is there, then try again',
    });
  }
  lastAnswer.at = Date.now();
  if (response.ok) return response;
  if (response.status === 401) sessionEnded.dispatchEvent(new Event('ended'));
  throw new ApiError(response.status, await statedError(response));
}

async function statedError(response: Response): Promise<ErrorShape['error']> {
  try {
    const { error } = (await response.json()) as Partial<ErrorShape>;
    if (typeof error?.code === 'string' && typeof error.message === 'string') return error;
  } catch {
    // not JSON: a proxy answered
  }
  return { code: `HTTP_${response.status}`, message: `the console answered with status ${response.status}` };
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [String(value)]) {
      search.append(name, one);
    }
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** CloudFront signs the request to the function, and needs the hash of its body. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
