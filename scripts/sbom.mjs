// Writes dist/sbom.cdx.json: the software bill of materials of what is published (CycloneDX 1.5), from package-lock.json alone. Every
// package that a bundle holds has to be in it; one that is not is an error.
//
//   node scripts/sbom.mjs          after scripts/build.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { PAGE_PACKAGES } from './build-console.mjs';
import { isPublished } from './published.mjs';

const { name, version, description } = JSON.parse(readFileSync('package.json', 'utf8'));
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
// not `--omit=dev`: npm 11 then leaves out what is a development dependency as well
const output = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const bom = JSON.parse(output);
// npm names the component after the folder of the checkout
Object.assign(bom.metadata.component, { type: 'application', name, version, description });

const published = new Set(
  Object.entries(packages)
    // a workspace is this repository's own code
    .filter(([path, entry]) => path.includes('node_modules/') && isPublished(entry))
    .map(
      ([path, entry]) =>
        `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${entry.version}`,
    ),
);
// bundled into the console's page, and so published
for (const name of PAGE_PACKAGES) published.add(`${name}@${packages[`node_modules/${name}`].version}`);
bom.components = bom.components.filter((one) => published.delete(`${one.name}@${one.version}`));
if (published.size > 0) throw new Error(`not in the bill of materials: ${[...published].join(', ')}`);
const kept = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((one) => one['bom-ref'])]);
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
// on one line: the package has a limit
writeFileSync('dist/sbom.cdx.json', `${JSON.stringify(bom)}\n`);
console.log(`dist/sbom.cdx.json: ${bom.components.length} packages`);
