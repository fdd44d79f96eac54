import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './api.ts';
import type { Page, Route } from './route.ts';
import { Failure } from './ui/load.tsx';
import { Loading } from './ui/status.tsx';

type Drawn = FunctionComponent<{ readonly route: Route }>;

/** Each page is a script of its own, loaded when it is first opened. */
const LOADED = new Map<Page, Drawn>();
const LOADERS: Readonly<Record<Page, () => Promise<Drawn>>> = {
  recordings: async () => (await import('./pages/recordings.tsx')).Recordings,
  r: async () => (await import('./pages/recording.tsx')).Recording,
  completeness: async () => (await import('./pages/completeness.tsx')).Completeness,
  work: async () => (await import('./pages/work.tsx')).Work,
  holds: async () => (await import('./pages/holds.tsx')).Holds,
  access: async () => (await import('./pages/access.tsx')).Access,
  about: async () => (await import('./pages/about.tsx')).About,
};

/** Loads the script of a page, before it is known who is signed in. */
export async function loadPage(page: Page): Promise<void> {
  LOADED.set(page, await LOADERS[page]());
}

export function PageOf({ route }: { readonly route: Route }) {
  const { page } = route;
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const Drawn = LOADED.get(page);
  useEffect(() => {
    if (Drawn !== undefined) return;
    // also where the script came between drawing and now
    loadPage(page).then(
      () => redraw((before) => before + 1),
      () => setFailed(true),
    );
  }, []);
  if (Drawn !== undefined) return <Drawn route={route} />;
  if (!failed) return <Loading what="the page" />;
  const error = new ApiError(0, {
    code: 'NO_ANSWER',
    message: 'the console does not answer, or was replaced by another version',
    hint: 'reload the page',
  });
  return <Failure error={error} what="the page" retry={() => location.reload()} />;
}
