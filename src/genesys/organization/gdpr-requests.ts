/** Requests under the GDPR that the platform was given. They are listed, and never acted upon. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ApiAnswer, GenesysApi } from '../api-client.ts';
import { present } from '../../present.ts';
import { explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject, readField } from '../responses.ts';

export interface GdprRequest {
  readonly id: string;
  /** `GDPR_DELETE`, `GDPR_EXPORT`, `GDPR_UPDATE`. */
  readonly type: string;
  readonly status: string;
  /** ISO 8601, where the platform states it. */
  readonly createdAt: string | undefined;
  readonly subject: GdprSubject;
}

/** Whom a request is about, as far as the archive can look for them. */
export interface GdprSubject {
  /** Numbers and addresses. */
  readonly addresses: readonly string[];
  /** Names of what else it says of the person, such as `externalContactId` or `name`: the archive cannot look for these by themselves. */
  readonly others: readonly string[];
}

export interface GdprRequests {
  /** All pages: the platform promises no order. @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, and what the call throws. */
  list(budget: Budget): AsyncGenerator<GdprRequest, void, undefined>;
  /** `undefined` where there is no such request. @throws as {@link list}. */
  find(id: string, budget: Budget): Promise<GdprRequest | undefined>;
}

const PATH = ['api', 'v2', 'gdpr', 'requests'];
const PAGE_SIZE = 100;
/** Pages at most: 100,000 requests. */
const MAX_PAGES = 1_000;

export function createGdprRequests(api: GenesysApi): GdprRequests {
  return {
    async *list(budget) {
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const query = { pageSize: String(PAGE_SIZE), pageNumber: String(page) };
        const answer = await api.call({ method: 'GET', path: PATH, query }, budget);
        requireOk(answer, 'listGdprRequests');
        const body = parseJsonObject(answer.text);
        const entities = body?.['entities'];
        if (!Array.isArray(entities)) throw malformed(answer);
        for (const entity of entities as unknown[]) {
          const request = readRequest(entity);
          if (request === undefined) throw malformed(answer);
          yield request;
        }
        const pages = body?.['pageCount'];
        if (entities.length === 0 || (typeof pages === 'number' && page >= pages)) return;
      }
    },
    async find(id, budget) {
      const answer = await api.call({ method: 'GET', path: [...PATH, id] }, budget);
      if (answer.status === 404) return undefined;
      requireOk(answer, 'getGdprRequest');
      const request = readRequest(parseJsonObject(answer.text));
      if (request?.id !== id) throw malformed(answer);
      return request;
    },
  };
}

function readRequest(entity: unknown): GdprRequest | undefined {
  const [id, type, status, created] = ['id', 'requestType', 'status', 'createdDate'].map((name) =>
    text(readField(entity, name)),
  );
  if (id === undefined || type === undefined) return undefined;
  return {
    id,
    type,
    status: status ?? 'unknown',
    createdAt: created,
    subject: readSubject(readField(entity, 'subject')),
  };
}

function readSubject(subject: unknown): GdprSubject {
  const list = (name: string) => {
    const value = readField(subject, name);
    return Array.isArray(value) ? (value as unknown[]).flatMap((one) => text(one) ?? []) : [];
  };
  return {
    addresses: [...new Set(LOOKED_FOR.flatMap(list))],
    others: Object.entries(typeof subject === 'object' && subject !== null ? subject : {})
      .filter(([name, value]) => !LOOKED_FOR.includes(name) && isStated(value))
      .map(([name]) => name.slice(0, MAX_NAME))
      .toSorted()
      .slice(0, MAX_OTHERS),
  };
}

const LOOKED_FOR = ['phoneNumbers', 'emailAddresses'];
const MAX_NAME = 40;
const MAX_OTHERS = 20;

const isStated = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);

const MAX_TEXT = 512;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : undefined;

function requireOk(answer: ApiAnswer, call: 'listGdprRequests' | 'getGdprRequest'): void {
  if (answer.status === 200) return;
  if (answer.status !== 403) throw malformed(answer);
  const hint = explainBackfillRefusal(call, answer);
  throw new ArchiveError('GENESYS_FORBIDDEN', 'requests under the GDPR may not be read', present({ hint }));
}

function malformed({ status, correlationId }: ApiAnswer): ArchiveError {
  return new ArchiveError(
    'GENESYS_BAD_RESPONSE',
    `GET gdpr/requests was answered with something else (${status})`,
    {
      details: { status, correlationId },
    },
  );
}
