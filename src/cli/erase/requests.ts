/** Requests under the GDPR that the platform has: shown, and taken as what a plan is about. Nothing is erased by one. */
import type { Budget } from '../../clock.ts';
import { openGdprRequests } from '../../create/gdpr-requests.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';

/** Shows all of them; no number, address or name. */
export async function listRequests(context: CommandContext): Promise<number> {
  const { ui, program } = context;
  const requests = openGdprRequests(await readSettings(context, 'seal'), context);
  const { budget, end } = openBudget(context);
  let all = 0;
  let deletions = 0;
  try {
    for await (const { id, type, status, createdAt, subject } of requests.list(budget)) {
      all += 1;
      if (type === 'GDPR_DELETE') deletions += 1;
      const addresses = subject.addresses.length;
      if (ui.json) ui.record('request', { id, requestType: type, status, createdAt, addresses });
      else {
        const words = [
          id,
          type,
          status,
          createdAt ?? 'unknown',
          count(addresses, 'number or address', 'numbers or addresses'),
        ];
        ui.out(words.map(printable).join('  '));
      }
      await ui.drained();
    }
  } finally {
    end();
    requests.close();
  }
  ui.say(`${count(all, 'request')} at the platform, ${deletions} to delete; none is acted upon by itself`);
  if (deletions > 0) ui.say(`to plan what one asks for: ${program} erase --request ID`);
  return 0;
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
    const { addresses, externalContactId, userId } = request.subject;
    if (externalContactId !== undefined || userId !== undefined)
      context.ui.warn(
        'the request names a contact or a user as well: what was recorded of them is found with --where, and not by this plan',
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
