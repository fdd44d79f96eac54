import type { KmsContext } from './ciphertext.ts';
import type { KeyStore } from './keys.ts';
import { KmsRefusal } from '../aws/refusals.ts';

/** The JSON object of a request, as it came. */
export type KmsInput = Readonly<Record<string, unknown>>;

/** One authenticated request, as the operations see it. */
export interface KmsCall {
  readonly keys: KeyStore;
  readonly input: KmsInput;
  /** Epoch ms. */
  readonly now: number;
}

/** The answer's JSON object. */
export type Operation = (call: KmsCall) => object | Promise<object>;

/**
 * Parameters that only say how a request is billed or authorised in ways that do not exist here. A parameter that is in
 * neither list is refused: ignoring it would be success reported for something that did not happen.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['GrantTokens']);

/** @throws `UnsupportedOperationException` for any parameter but `known`. */
export function requireKnown(input: KmsInput, known: readonly string[]): void {
  const foreign = Object.keys(input).find(
    (name) => !known.includes(name) && !WITHOUT_EFFECT.has(name) && !isEmpty(input[name]),
  );
  if (foreign !== undefined) {
    throw new KmsRefusal(
      'UnsupportedOperationException',
      `This simulator does not have the parameter ${foreign.slice(0, 60)}.`,
    );
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}

/** @throws `ValidationException` when it is missing or no text. */
export function requireText(input: KmsInput, name: string): string {
  const value = readText(input, name);
  if (value === undefined) throw invalid(`Value at '${name}' failed to satisfy constraint: must not be null`);
  return value;
}

export function readText(input: KmsInput, name: string): string | undefined {
  const value = input[name];
  if (isEmpty(value)) return undefined;
  if (typeof value !== 'string' || value.length === 0 || value.length > 2048) {
    throw invalid(`Value at '${name}' failed to satisfy constraint: must be text of 1 to 2048 characters`);
  }
  return value;
}

/** A whole number within bounds. @throws `ValidationException`. */
export function readInteger(
  input: KmsInput,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const value = input[name];
  if (isEmpty(value)) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw invalid(`Value at '${name}' failed to satisfy constraint: must be from ${least} to ${most}`);
  }
  return value;
}

/** Base64 of 1 to `most` bytes. @throws `ValidationException`. */
export function requireBlob(input: KmsInput, name: string, most: number): Buffer {
  const value = input[name];
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length === 0 || bytes.length > most) {
    throw invalid(`Value at '${name}' failed to satisfy constraint: must have 1 to ${most} bytes`);
  }
  return bytes;
}

/** @throws `ValidationException` when it is not an object of strings. */
export function readContext(input: KmsInput, name = 'EncryptionContext'): KmsContext {
  const value = input[name];
  if (isEmpty(value)) return {};
  const pairs = typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
  if (pairs === undefined || Array.isArray(value) || !pairs.every(isTextPair)) {
    throw invalid(`Value at '${name}' must be an object of strings`);
  }
  return Object.fromEntries(pairs);
}

function isTextPair(pair: [string, unknown]): pair is [string, string] {
  return typeof pair[1] === 'string';
}

export function invalid(message: string): KmsRefusal {
  return new KmsRefusal('ValidationException', `1 validation error detected: ${message}`);
}
