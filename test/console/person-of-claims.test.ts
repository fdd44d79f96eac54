import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/console/api-schema.ts';
import { personOf } from '../../src/console/sign-on/person-of-claims.ts';
import { parseSignOnFile } from '../../src/console/sign-on/sign-on-file.ts';

const [ONE, OTHER] = ['0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77', '1d2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b78'];
const groups = {
  auditors: { roles: ['auditor' as const], divisions: '*' as const },
  viewers: { roles: ['viewer' as const], divisions: '*' as const },
  berlin: { roles: ['auditor' as const], divisions: [ONE] },
  paris: { roles: ['auditor' as const], divisions: [OTHER] },
};
const who = (claim: unknown) => personOf({ sub: 's', groups: claim }, groups, 'groups');

describe('what a provider says of a person', () => {
  it('gives no role to who is in no group of the file', () => {
    for (const claim of [
      undefined,
      [],
      ['others'],
      'others',
      7,
      { auditors: true },
      ['constructor'],
      ['__proto__'],
    ])
      expect(who(claim)).toMatchObject({ roles: [], divisions: [] });
  });

  it('joins roles where the divisions are the same, and divisions where the roles are', () => {
    expect(who(['auditors', 'viewers'])).toMatchObject({ roles: ['auditor', 'viewer'], divisions: '*' });
    expect(who(['berlin', 'paris'])).toMatchObject({ roles: ['auditor'], divisions: [ONE, OTHER] });
    expect(who('berlin')).toMatchObject({ roles: ['auditor'], divisions: [ONE] });
  });

  it('refuses groups that together would grant a role where no group grants it', () => {
    expect(() => who(['berlin', 'viewers'])).toThrow(
      expect.objectContaining({ code: 'NOT_ALLOWED' }) as Error,
    );
  });

  it('never grants a role in a division that no single group grants it in', () => {
    const role = fc.constantFrom<Role>('viewer', 'auditor', 'custodian');
    const division = fc.constantFrom(ONE, OTHER);
    const grant = fc.record({
      roles: fc.uniqueArray(role, { minLength: 1 }),
      divisions: fc.oneof(fc.constant('*' as const), fc.uniqueArray(division, { minLength: 1 })),
    });
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 4 }), (grants) => {
        const file = Object.fromEntries(grants.map((each, at) => [`g${at}`, each]));
        let person: ReturnType<typeof personOf> | undefined;
        try {
          person = personOf({ sub: 's', groups: Object.keys(file) }, file, 'groups');
        } catch {
          return;
        }
        for (const one of person.roles) {
          for (const each of person.divisions === '*' ? ['*'] : person.divisions) {
            const granted = grants.some(
              ({ roles, divisions }) =>
                roles.includes(one) && (divisions === '*' || divisions.some((own) => own === each)),
            );
            expect(granted).toBe(true);
          }
        }
      }),
    );
  });

  it('is refused without a subject, and called by the best name there is', () => {
    expect(() => personOf({ name: 'n' }, groups, 'groups')).toThrow('names no subject');
    expect(personOf({ sub: 's' }, groups, 'groups').name).toBe('s');
    expect(personOf({ sub: 's', email: 'e@x' }, groups, 'groups').name).toBe('e@x');
    expect(personOf({ sub: 's', email: 'e@x', name: 'N' }, groups, 'groups').name).toBe('N');
  });
});

describe('a sign-on file', () => {
  const whole = {
    address: 'https://archive.example.com',
    oidc: { issuer: 'https://login.example.com', clientId: 'c' },
    groups,
  };
  const parse = (value: unknown) => parseSignOnFile(JSON.stringify(value), 'sign-on.json');

  it('is taken with its defaults', () => {
    expect(parse(whole).oidc).toMatchObject({ scope: 'openid profile email', groupsClaim: 'groups' });
  });

  it.each([
    ['plain http', { ...whole, address: 'http://archive.example.com' }, 'address'],
    ['a path', { ...whole, address: 'https://archive.example.com/console' }, 'address'],
    ['no provider', { address: whole.address, groups }, 'neither or both'],
    ['an unknown role', { ...whole, groups: { a: { roles: ['admin'], divisions: '*' } } }, 'groups.a.roles'],
    ['divisions left out', { ...whole, groups: { a: { roles: ['viewer'] } } }, 'groups.a.divisions'],
    ['an unknown member', { ...whole, group: {} }, 'group'],
  ])('is refused with %s, by its name', (_what, value, named) => {
    expect(() => parse(value)).toThrow(named);
  });

  it('is refused when it is no JSON', () => {
    expect(() => parseSignOnFile('{', 'sign-on.json')).toThrow('sign-on.json is no JSON');
  });
});
