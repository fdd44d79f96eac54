// Builds the page of the console into dist/console/: index.html, app.HASH.js with a script for each page that is opened later,
// app.HASH.css, icon.svg, each also as Brotli beside it. There are no source maps.
//
//   node scripts/build-console.mjs     scripts/build.mjs does it as well
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Bytes of script, as gzip packs it, that any one page loads and compiles. */
export const LARGEST_SCRIPT_GZIP = 25_000;
/** Bytes of all files as they are sent. */
export const LARGEST_PAGE = 60_000;
/** Packages that are bundled into the page. They are development dependencies, and stand in the bill of materials all the same. */
export const PAGE_PACKAGES = ['preact'];
const OUT = 'dist/console';

/** Writes the page, and then removes files of an earlier one. Returns the sizes, in bytes. */
export async function buildConsole() {
  const { outputFiles, metafile } = await build({
    entryPoints: { app: 'web/main.tsx', style: 'web/style.css' },
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    outdir: OUT,
    entryNames: '[name].[hash]',
    chunkNames: '[name].[hash]',
    platform: 'browser',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  refuseOtherPackages(Object.keys(metafile.inputs));
  const entry = (source) =>
    Object.keys(metafile.outputs).find((name) => metafile.outputs[name].entryPoint === source);
  const scripts = new Map(
    outputFiles.map(({ path, contents }) => [join(OUT, basename(path)), Buffer.from(contents)]),
  );
  const app = entry('web/main.tsx');
  const page = (await readFile('web/index.html', 'utf8'))
    .replace('/style.css', `/${basename(entry('web/style.css'))}`)
    .replace('/app.js', `/${basename(app)}`)
    .replace('    <!-- what the script imports at once -->\n', preloads(metafile, app));
  const files = new Map([
    ...[...scripts].map(([name, bytes]) => [basename(name), bytes]),
    ['index.html', Buffer.from(page)],
    ['icon.svg', await readFile('web/icon.svg')],
    ['licences.txt', await licences()],
  ]);
  const sizes = { scripts: scriptsOfPages(metafile, app, scripts), page: 0 };
  await mkdir(OUT, { recursive: true });
  const written = new Set();
  for (const [name, bytes] of files) {
    const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    sizes.page += packed.length;
    for (const [file, content] of [
      [name, bytes],
      [`${name}.br`, packed],
    ]) {
      written.add(file);
      await writeFile(join(OUT, file), content);
    }
  }
  // the new page stands before the old one goes: a console that runs may read either
  for (const name of await readdir(OUT)) if (!written.has(name)) await rm(join(OUT, name), { force: true });
  for (const [name, bytes] of sizes.scripts)
    refuseAbove(`the script of ${name}, as gzip,`, bytes, LARGEST_SCRIPT_GZIP);
  refuseAbove('the page of the console', sizes.page, LARGEST_PAGE);
  return sizes;
}

/** What a script imports before it runs, and what that imports. */
function closure(metafile, name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const { path, kind } of metafile.outputs[name].imports) {
    if (kind === 'import-statement') closure(metafile, path, found);
  }
  return found;
}

/** For each page the bytes that are loaded to open it, the application included. */
function scriptsOfPages(metafile, app, scripts) {
  const always = closure(metafile, app);
  const pages = Object.entries(metafile.outputs).filter(
    ([name, { entryPoint = '' }]) => name === app || entryPoint.startsWith('web/pages/'),
  );
  return pages.map(([name, { entryPoint }]) => {
    const loaded = new Set([...always, ...closure(metafile, name)]);
    const bytes = [...loaded].reduce((sum, one) => sum + gzipSync(scripts.get(one), { level: 9 }).length, 0);
    return [entryPoint, bytes];
  });
}

const preloads = (metafile, app) =>
  [...closure(metafile, app)]
    .filter((name) => name !== app)
    .map((name) => `    <link rel="modulepreload" href="/${basename(name)}">\n`)
    .join('');

/** What is bundled into the page is published with it. */
async function licences() {
  const texts = await Promise.all(
    PAGE_PACKAGES.map(async (name) => {
      const { version } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'));
      return `${name} ${version}\n\n${await readFile(`node_modules/${name}/LICENSE`, 'utf8')}`;
    }),
  );
  return Buffer.from(texts.join('\n\n'));
}

function refuseOtherPackages(inputs) {
  const names = inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  const others = [...new Set(names)].filter((name) => !PAGE_PACKAGES.includes(name));
  const own = inputs.filter((input) => !input.includes('node_modules/') && !input.startsWith('web/'));
  if (others.length === 0 && own.length === 0) return;
  console.error(`the page holds what it must not: ${[...others, ...own].join(', ')}`);
  process.exit(1);
}

function refuseAbove(what, bytes, most) {
  if (bytes <= most) return;
  console.error(`${what} has ${bytes} bytes, and at most ${most} are allowed`);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { scripts, page } = await buildConsole();
  for (const [name, bytes] of scripts) console.log(`${name}: ${bytes} bytes of script, as gzip`);
  console.log(`dist/console: ${page} bytes as Brotli`);
}
