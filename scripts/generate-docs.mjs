// Writes docs/configuration.md, docs/errors.md, docs/console-api.md and docs/receipt-v1.schema.json from the source. Bundled on the fly, because Node 20 runs no TypeScript.
import { mkdir, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: ['src/docs.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  write: false,
  logLevel: 'warning',
});
const [{ text }] = outputFiles;
const docs = await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);

await mkdir('docs', { recursive: true });
await writeFile('docs/configuration.md', docs.renderConfigurationDoc());
await writeFile('docs/errors.md', docs.renderErrorsDoc());
await writeFile('docs/console-api.md', docs.renderConsoleApiDoc());
await writeFile('docs/receipt-v1.schema.json', docs.renderReceiptSchema());
console.log(
  'wrote docs/configuration.md, docs/errors.md, docs/console-api.md and docs/receipt-v1.schema.json',
);
