import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { sidecarKey } from '../record/genesys-export.ts';
import type { Layout } from '../record/layout.ts';
import { receiptKey } from '../record/object-key.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import { getSmall } from '../record/small-object.ts';

/** Bytes; a sidecar of the export has well under one KiB. */
const MAX_SIDECAR_BYTES = 64 * 1024;

/** What the archive says of a recording without decrypting it. As it is stated: nothing of it is verified here. */
export interface RecordingDescription {
  readonly conversationId?: string;
  /** `call`, `screen`, `chat`, `email` or `message` where the platform's sidecar says so; else `audio`, `video` or `text`. */
  readonly kind?: string;
  readonly durationMs?: number;
  /** ISO 8601, UTC. */
  readonly recordedAt?: string;
  /** The kind of the receipt; `unreadable` for what is no receipt. */
  readonly receipt?: string;
}

/**
 * Reads the receipt beside an object and, in the layout of the platform's own export, the sidecar.
 * @throws what the store throws, such as `STORE_DENIED`; not for what is missing or malformed.
 */
export async function describeRecording(
  store: ObjectStore,
  layout: Layout,
  key: string,
  budget: Budget,
): Promise<RecordingDescription> {
  const receipt = await describeByReceipt(store, key, budget);
  return layout.name === 'genesys-export'
    ? { ...receipt, ...(await describeBySidecar(store, key, budget)) }
    : receipt;
}

async function describeByReceipt(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<RecordingDescription> {
  try {
    const found = await readReceipt(store, receiptKey(key), budget);
    if (found === undefined) return {};
    const { kind: receipt, ids, times, source } = found;
    const kind = kindOf(source?.contentType);
    return {
      conversationId: ids.conversation,
      ...present({ kind }),
      recordedAt: times.recorded,
      receipt,
    };
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return { receipt: 'unreadable' };
    throw error;
  }
}

async function describeBySidecar(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<Pick<RecordingDescription, 'kind' | 'durationMs' | 'conversationId'>> {
  try {
    const text = await getSmall(store, sidecarKey(key), MAX_SIDECAR_BYTES, budget);
    const sidecar: unknown = JSON.parse(text ?? '{}');
    if (typeof sidecar !== 'object' || sidecar === null) return {};
    const { mediaType, durationMs } = sidecar as Readonly<Record<string, unknown>>;
    return {
      ...(typeof mediaType === 'string' ? { kind: mediaType.toLowerCase().slice(0, 20) } : {}),
      ...(Number.isSafeInteger(durationMs) && Number(durationMs) >= 0
        ? { durationMs: Number(durationMs) }
        : {}),
    };
  } catch (error) {
    if (error instanceof ArchiveError && error.code !== 'OBJECT_MALFORMED') throw error;
    return {}; // no JSON
  }
}

/** By the content type that the media host stated. */
function kindOf(contentType: string | undefined): string | undefined {
  const [, type = '', subtype = ''] = /^([a-z]+)\/([a-z0-9.+-]+)/i.exec(contentType ?? '') ?? [];
  if (/^(?:audio|video|text)$/i.test(type)) return type.toLowerCase();
  return /^(?:json|xml|.*\+(?:json|xml))$/i.test(subtype) ? 'text' : undefined;
}
