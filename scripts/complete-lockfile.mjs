// Run after every change of dependencies: node scripts/complete-lockfile.mjs
//
// npm leaves a platform's binary (an optional dependency) out of package-lock.json when the registry it asked has no copy of it,
// as partial mirrors have not; `npm ci` then refuses the lock file everywhere. This adds what is missing, with the platform
// read from the package's name, and asks the registry for the integrity hash of every entry that has none. An entry whose hash the
// registry cannot tell is an error: nothing is installed unchecked.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;
let added = 0;
for (const [owner, { optionalDependencies = {}, dev = false }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (placesOf(owner, name).some((place) => packages[place] !== undefined)) continue;
    const path = `node_modules/${name}`;
    const words = name.split(/[/-]/);
    const os = SYSTEMS.find((system) => words.includes(system));
    const cpu = PROCESSORS.find((processor) => words.includes(processor));
    if (os === undefined || cpu === undefined) throw new Error(`${name} does not name a platform`);
    const libc = words.some((word) => word.startsWith('musl'))
      ? ['musl']
      : os === 'linux'
        ? ['glibc']
        : undefined;
    packages[path] = {
      version,
      cpu: [cpu],
      ...(dev ? { dev } : {}),
      ...(libc ? { libc } : {}),
      optional: true,
      os: [os],
    };
    added += 1;
  }
}
/** What stands in the archive of the package around it is covered by that package's hash; workspaces are in this repository. */
const unchecked = Object.entries(packages).filter(
  ([path, { integrity, link, inBundle }]) =>
    path.includes('node_modules/') && integrity === undefined && !link && !inBundle,
);
for (const [path, entry] of unchecked) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const answer = execFileSync('npm', ['view', `${name}@${entry.version}`, 'dist.integrity'], {
    encoding: 'utf8',
  });
  const integrity = answer.trim();
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) {
    throw new Error(`the registry has no integrity hash of ${name}@${entry.version}`);
  }
  const { version, ...rest } = entry;
  packages[path] = { version, integrity, ...rest };
}
const sorted = Object.fromEntries(
  Object.entries(packages).toSorted(([one], [other]) => (one < other ? -1 : 1)),
);
writeFileSync('package-lock.json', `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform packages and ${unchecked.length} integrity hashes added`);

/** Where Node looks for what a package depends on: beside its own dependencies, then beside each package that holds it. */
function placesOf(owner, name) {
  const places = [];
  for (let at = owner; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/'))))
    places.push(`${at}/node_modules/${name}`);
  return [...places, `node_modules/${name}`];
}
