import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createGdprRequests } from '../../../src/genesys/organization/gdpr-requests.ts';
import { connectRecordings } from '../connect-recordings.ts';
import { type LocalAnswer, type LocalCall, startLocalPlatform } from '../local-platform.ts';
import { gather } from '../../gather.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

async function answering(answer: (call: LocalCall) => LocalAnswer) {
  const platform = await startLocalPlatform(answer);
  open.push(() => platform.close());
  return createGdprRequests(platform.api);
}

describe('requests under the GDPR', () => {
  it('are listed from the simulator page by page, with the numbers and addresses that they name', async () => {
    const { api, simulator } = await connectRecordings([{}]);
    open.push(() => simulator.close());
    const subject = {
      phoneNumbers: ['+4917000111'],
      emailAddresses: ['kim@example.com'],
      externalContactId: 'c',
      name: 'Kim Beispiel',
      userId: '',
      journeyCustomer: null,
    };
    const body = { requestType: 'GDPR_DELETE', subject };
    const query = { deleteConfirmed: 'true' };
    const path = ['api', 'v2', 'gdpr', 'requests'];
    for (let made = 0; made < 101; made += 1)
      await api.call({ method: 'POST', path, query, body }, unlimited);
    const requests = createGdprRequests(api);
    const all = await gather(requests.list(unlimited));
    expect(new Set(all.map(({ id }) => id)).size).toBe(101);
    const [first] = all;
    expect(first).toMatchObject({
      type: 'GDPR_DELETE',
      subject: { addresses: ['+4917000111', 'kim@example.com'], others: ['externalContactId', 'name'] },
    });
    expect(await requests.find(first?.id ?? '', unlimited)).toEqual(first);
    expect(await requests.find('00000000-0000-4000-8000-000000000000', unlimited)).toBeUndefined();
  });

  it('that may not be read are no empty list', async () => {
    const refused = await answering(() => ({ status: 403 }));
    await expect(gather(refused.list(unlimited))).rejects.toMatchObject({ code: 'GENESYS_FORBIDDEN' });
    const strange = await answering(() => ({ body: { entities: [{ requestType: 'GDPR_DELETE' }] } }));
    await expect(gather(strange.list(unlimited))).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
    const without = await answering(() => ({ body: {} }));
    await expect(gather(without.list(unlimited))).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
  });
});
