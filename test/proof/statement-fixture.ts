import { sha256Hex } from '../../src/proof/formats/entry.ts';
import type { Statement } from '../../src/proof/formats/statement.ts';
import { canonicalJson } from '../../src/record/canonical-json.ts';

const RULES = { media: 'call' };

/** A day with ten recordings at the source, of which eight are held, and one that only the archive has. */
export function aStatement(changes: Partial<Statement> = {}): Statement {
  return {
    schema: 'genesys-media-archive/statement/v1',
    organization: 'org',
    day: '2026-03-02',
    tool: { name: 'genesys-media-archive', version: '0.1.0' },
    revision: 0,
    status: 'provisional',
    log: {
      origin: 'recordings.example.com/proof/org',
      index: 10,
      from: 0,
      to: 10,
      before: { size: 0, root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' },
      first: '2026-03-02',
      through: '2026-03-02',
    },
    archive: {
      recordings: 9,
      receipts: 10,
      archived: 8,
      adopted: 1,
      completed: 0,
      terminal: 1,
      erased: 0,
      unsigned: 0,
      refused: { total: 0, byReason: {} },
      bytes: 1_000,
      store: 's3://bucket/prefix',
      objects: { listed: 9, receipts: 10, absent: 0, withoutReceipt: 0, compared: 9, sizeDiffers: 0 },
    },
    source: {
      method: 'conversation-job+recordings',
      api: 'api.mypurecloud.com',
      query: sha256Hex('query'),
      interval: '2026-03-02T00:00:00.000Z/2026-03-03T00:00:00.000Z',
      dataAvailableUntil: '2026-03-04T00:00:00.000Z',
      asked: '2026-03-03T03:00:00.000Z',
      finished: '2026-03-03T03:01:00.000Z',
      pages: 1,
      visibility: { divisions: 'all', permissions: [] },
      conversations: 9,
      recordings: 10,
      byMedia: { call: 9, screen: 1 },
      list: { count: 10, root: sha256Hex('list') },
    },
    differences: {
      both: 8,
      missing: { total: 1, byReason: { 'never-announced': 1 } },
      pending: { total: 0, byReason: {} },
      excluded: { total: 1, byReason: { 'deleted-at-source': 1 } },
      unexpected: { total: 1, byReason: { 'gone-at-source': 1 } },
      byMedia: {
        call: { both: 7, missing: 1, pending: 0, excluded: 1 },
        screen: { both: 1, missing: 0, pending: 0, excluded: 0 },
      },
      list: { count: 3, root: sha256Hex('exceptions') },
    },
    policy: { sha256: sha256Hex(canonicalJson(RULES)), rules: RULES },
    clock: { local: '2026-03-03T03:01:00.000Z' },
    ...changes,
  };
}
