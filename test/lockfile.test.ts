import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};

/** Where Node looks: beside the package's own dependencies, then beside each package that holds it. */
function placesOf(owner: string, name: string): readonly string[] {
  const places: string[] = [];
  for (let at = owner; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    places.push(`${at}/node_modules/${name}`);
  }
  return [...places, `node_modules/${name}`];
}

/** A workspace of this repository, which no registry has. */
const isOurs = (path: string) => path.startsWith('packages/');

describe('package-lock.json', () => {
  it('holds the binaries of every platform, without which npm ci refuses it (scripts/complete-lockfile.mjs)', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !placesOf(path, name).some((place) => packages[place] !== undefined),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('has an integrity hash for every package, but those within the archive of another', () => {
    const unchecked = Object.entries(packages).filter(
      ([path, { integrity, link = false, inBundle = false }]) =>
        path !== '' &&
        !isOurs(path) &&
        !link &&
        !inBundle &&
        !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''),
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });

  it('names no registry: every place uses its own', () => {
    const named = Object.values(packages).filter(
      ({ resolved, link = false }) => resolved !== undefined && !link,
    );
    expect(named).toEqual([]);
  });

  it('pins every direct dependency exactly', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const ranges = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] });
    expect(ranges.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });
});
