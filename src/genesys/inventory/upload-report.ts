import type { Budget } from '../../clock.ts';
import type { Asked, RecordingInventory } from '../../ports.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject } from '../responses.ts';
import type { InventoryOptions } from './inventory-options.ts';
import { present } from '../../present.ts';

const REPORTS = ['api', 'v2', 'recording', 'uploads', 'reports'] as const;

const POLL_MS = 5_000;
const REPORT_PATIENCE_MS = 600_000;

/** Has the platform list uploads in one state, and waits for the link to that list. */
export async function requestUploads(
  { api, clock }: InventoryOptions,
  { since, status }: Parameters<RecordingInventory['uploads']>[0],
  budget: Budget,
): Promise<Asked<{ readonly link: string }>> {
  const what = 'report of uploads';
  const body = { dateSince: new Date(since).toISOString(), uploadStatus: status };
  const answer = await api.call({ method: 'POST', path: REPORTS, body }, budget);
  if (answer.status !== 200 && answer.status !== 202) return notAnswered(answer);
  const id = parseJsonObject(answer.text)?.['id'];
  if (!isSafeId(id)) throw unexpectedAnswer(what, answer);
  for (const began = clock.now(); clock.now() - began < REPORT_PATIENCE_MS; ) {
    const look = await api.call({ method: 'GET', path: [...REPORTS, id] }, budget);
    const report = look.status === 200 ? parseJsonObject(look.text) : undefined;
    if (report === undefined) return notAnswered(look);
    if (report['id'] !== undefined && !isSameId(report['id'], id)) throw foreignAnswer(what, look, 'id');
    const { state, signedUrl: link } = report;
    if (state === 'Completed' && typeof link === 'string') return { state: 'known', link };
    if (state === 'Completed' || state === 'Failed') return { state: 'unknown', status: look.status };
    await clock.sleep(POLL_MS, budget.signal);
  }
  return { state: 'unknown', status: 202 };
}

function notAnswered(answer: ApiAnswer): Asked<never> {
  if (answer.status !== 403) return { state: 'unknown', status: answer.status };
  const hint = explainBackfillRefusal('requestUploadReport', answer);
  return { state: 'forbidden', ...present({ hint }) };
}
