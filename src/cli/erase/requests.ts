/** Requests under the GDPR that the platform has: shown, and taken as what a plan is about. Nothing is erased by one. */
import type { Budget } from '../../clock.ts';
import { openFactsStore } from '../../create/facts.ts';
import { openGdprRequests } from '../../create/gdpr-requests.ts';
import { ArchiveError } from '../../errors.ts';
import { ERASE } from '../../job-kinds/unnamed-erase.ts';
import { type PatientStore, patientStore } from '../../jobs/patient-store.ts';
import { listJobs, readPlan } from '../../jobs/read-job.ts';
import { readField } from '../../json.ts';
import { listRequestNotes, readRequestNote } from '../../record/request-note.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';

/**
 * Shows all of them, when each was seen first (`serve` and the function that fetches facts look every day), and which plans follow one; no
 * number, address or name.
 */
export async function listRequests(context: CommandContext): Promise<number> {
  const { ui, program } = context;
  const config = await readSettings(context, 'seal');
  const requests = openGdprRequests(config, context);
  const { budget, end } = openBudget(context);
  let [all, deletions, fresh] = [0, 0, 0];
  try {
    const store = await openFactsStore(config, context);
    const known = await listRequestNotes(store, budget);
    const plans = await plansByRequest(patientStore(store, context.clock), budget);
    for await (const { id, type, status, createdAt, subject } of requests.list(budget)) {
      const seenAt = known.has(id) ? (await readRequestNote(store, id, budget))?.seenAt : undefined;
      const planned = plans.get(id) ?? [];
      all += 1;
      if (type === 'GDPR_DELETE') deletions += 1;
      if (seenAt === undefined) fresh += 1;
      const addresses = subject.addresses.length;
      if (ui.json) {
        const told = { id, requestType: type, status, createdAt, addresses, plans: planned };
        ui.record('request', { ...told, seenAt: seenAt ?? null });
      } else {
        const words = [
          id,
          type,
          status,
          createdAt ?? 'unknown',
          count(addresses, 'number or address', 'numbers or addresses'),
          seenAt === undefined ? 'new' : `seen ${seenAt.slice(0, 10)}`,
          ...(planned.length === 0 ? [] : [`planned: ${planned.join(', ')}`]),
        ];
        ui.out(words.map(printable).join('  '));
      }
      await ui.drained();
    }
  } finally {
    end();
    requests.close();
  }
  ui.say(
    `${count(all, 'request')} at the platform, ${deletions} to delete, ${fresh} not seen by a daily look yet; none is acted upon by itself`,
  );
  if (deletions > 0) ui.say(`to plan what one asks for: ${program} erase --request ID`);
  return 0;
}

/** Ids of plans to erase, by the request of the platform that each follows. */
async function plansByRequest(
  store: PatientStore,
  budget: Budget,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for await (const { id } of listJobs(store, budget)) {
    const plan = await readPlan(store, id, budget);
    const request = plan?.kind === ERASE ? readField(plan.options, 'request') : undefined;
    if (typeof request === 'string') found.set(request, [...(found.get(request) ?? []), id]);
  }
  return found;
}

/** @throws `NOTHING_FOUND` where there is no such request; `USAGE` for one that asks for something else, or names no number. */
export async function findRequest(
  context: CommandContext,
  id: string,
  budget: Budget,
): Promise<{ readonly id: string; readonly addresses: readonly string[] }> {
  const requests = openGdprRequests(await readSettings(context, 'seal'), context);
  try {
    const request = await requests.find(id, budget);
    if (request === undefined) {
      throw new ArchiveError('NOTHING_FOUND', `the platform has no request ${printable(id.slice(0, 80))}`, {
        hint: '`genesys-archive erase requests` shows them',
      });
    }
    if (request.type !== 'GDPR_DELETE')
      throw new ArchiveError('USAGE', `the request asks for ${printable(request.type)}, and not to delete`);
    const { addresses, others } = request.subject;
    if (others.length > 0)
      context.ui.warn(
        `the request also has ${others.map(printable).join(', ')}: what was recorded of that person is found with \`find\`, and not by this plan`,
      );
    if (addresses.length > 0) return { id: request.id, addresses };
    throw new ArchiveError(
      'USAGE',
      'the request names no number and no address that the archive could look for',
      {
        hint: 'find the recordings with `genesys-archive find`, and plan with ids or --where',
      },
    );
  } finally {
    requests.close();
  }
}
