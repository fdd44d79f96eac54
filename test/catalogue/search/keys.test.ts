import { describe, expect, it } from 'vitest';
import { callFactsOf } from '../../../src/catalogue/day/facts-of-day.ts';
import { canonicalAddress } from '../../../src/catalogue/search/keys.ts';
import { FACTS_SCHEMA, type FactsHeader, type FactsLine } from '../../../src/record/facts-file.ts';
import { factsLine } from '../invented-archive.ts';

describe('the one spelling of a number or an address', () => {
  it.each([
    'tel:+4930123456',
    'TEL:+49-30-123456;ext=7',
    '+49 30 123 456',
    '+49\u{a0}30\u{a0}123456',
    '+49 (30) 123456',
    '+49 (0)30 123456',
    '+49 30/123-456',
    '+49 30 123\u{2013}456',
    '0049 30 123456',
    '0049 (0) 30 123456',
    'sip:+4930123456@sbc.example.com;transport=tls',
    'sip:%2B4930123456@10.0.0.1',
    'sips:+49.30.123456@sbc.example.com',
  ])('is the same for %s', (stated) => {
    expect(canonicalAddress(stated)).toBe('+4930123456');
  });

  it.each([
    // nothing says of which country it is
    ['030 123456', '030123456'],
    ['4930123456', '4930123456'],
    ['112', '112'],
    ['Kim@Example.com ', 'kim@example.com'],
    ['mailto:kim@example.com', 'kim@example.com'],
    ['sip:1234@pbx.example.com', '1234@pbx.example.com'],
    ['sip:anonymous@anonymous.invalid', undefined],
    ['', undefined],
  ])('of %s is %s', (stated, spelling) => {
    expect(canonicalAddress(stated)).toBe(spelling);
  });
});

describe('the two sides of a conversation', () => {
  const header: FactsHeader = {
    schema: FACTS_SCHEMA,
    day: '2026-03-05',
  } as unknown as FactsHeader;
  const named = {
    users: { status: 'not-asked' },
    queues: { status: 'not-asked' },
    wrapUps: { status: 'not-asked' },
  };
  const sidesOf = (direction: FactsLine['direction'], addresses: object) => {
    const { ani: _ani, dnis: _dnis, direction: _direction, ...line } = factsLine('c', {});
    const session = { id: 's', media: 'email', queueIds: [], holds: [], wrapUps: [], ...addresses };
    const participants = [{ id: 'p', purpose: 'customer', sessions: [session] }];
    const stated = { ...line, ...(direction === undefined ? {} : { direction }), participants };
    const { customer, companyAddress } = callFactsOf(stated, { ...header, named } as unknown as FactsHeader);
    return { customer, companyAddress };
  };
  const [KIM, US] = ['kim@example.com', 'support@example.com'];

  it('are those of a mail, which states no numbers', () => {
    const sides = { customer: KIM, companyAddress: US };
    expect(sidesOf('inbound', { addressFrom: 'Kim@example.com', addressTo: US })).toEqual(sides);
    expect(sidesOf('outbound', { addressFrom: US, addressTo: KIM })).toEqual(sides);
    for (const direction of ['inbound', 'outbound', undefined] as const)
      expect(sidesOf(direction, { addressFrom: KIM })).toEqual({ customer: KIM, companyAddress: null });
  });

  it('are never ours in the clear where it is not stated which of them is', () => {
    expect(sidesOf(undefined, { addressFrom: US, addressTo: KIM }).companyAddress).toBe(null);
  });
});
