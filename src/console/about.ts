import { present } from '../present.ts';
import { aboutShape, healthShape } from './api-keeping-schema.ts';
import { jsonAnswer } from './exchange.ts';
import { route, type Route } from './routes/route.ts';

export const ABOUT_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/health',
      needs: 'anyone',
      summary: 'whether the console answers',
      answers: [{ status: 200, shape: healthShape }],
    },
    () => Promise.resolve(jsonAnswer(200, { status: 'ok' })),
  ),
  route(
    {
      method: 'GET',
      path: '/api/about',
      needs: 'see',
      summary: 'version, stores, ids of keys and warnings; no key',
      answers: [{ status: 200, shape: aboutShape }],
    },
    ({ state, session }) =>
      Promise.resolve(
        jsonAnswer(200, {
          version: PACKAGE_VERSION,
          node: process.versions.node,
          archives: state.archives.map((archive) => ({
            ...present({ name: archive.name, organization: archive.organizationId }),
            store: archive.store.location,
            catalogue: archive.derived.location,
            reads: archive.reader !== undefined,
            receiptKeys: [...(archive.trust.keys?.keys() ?? [])],
            logKeys: (archive.log?.trusted ?? []).map(({ vkey }) => vkey),
            warnings: [...archive.warnings],
          })),
          session: session.id,
          licences: state.licences.map((one) => ({ ...one })),
        }),
      ),
  ),
];
