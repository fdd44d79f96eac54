import { useEffect, useState } from 'preact/hooks';
import { type ApiError, getJson, postJson, sessionEnded } from './api.ts';
import type { Me } from './api-types.ts';
import { Frame } from './frame.tsx';
import { useRoute } from './navigate.ts';
import { PageOf } from './page-of.tsx';
import { launchToken } from './route.ts';
import { SessionContext, sessionOf } from './session.ts';
import { asApiError, Failure } from './ui/load.tsx';
import { Loading } from './ui/status.tsx';

type Signed =
  | { readonly state: 'asking' }
  | { readonly state: 'in'; readonly me: Me }
  | { readonly state: 'out'; readonly error: ApiError };

export function App() {
  const route = useRoute();
  const [signed, setSigned] = useState<Signed>({ state: 'asking' });
  useEffect(() => {
    void signIn().then(setSigned);
    const end = () => void readMe().then(setSigned);
    sessionEnded.addEventListener('ended', end);
    return () => sessionEnded.removeEventListener('ended', end);
  }, []);
  if (signed.state === 'asking') return <Loading what="the console" />;
  if (signed.state === 'out') return <SignedOut error={signed.error} />;
  const { me } = signed;
  const stated = route.query.get('archive') ?? undefined;
  const archive = me.archives.find((name) => name === stated) ?? me.archives[0];
  return (
    <SessionContext.Provider value={sessionOf(me, archive)}>
      <Frame route={route} onRenewed={(renewed) => setSigned({ state: 'in', me: renewed })}>
        <PageOf key={`${route.page}/${archive ?? ''}/${route.page === 'r' ? route.id : ''}`} route={route} />
      </Frame>
    </SessionContext.Provider>
  );
}

/** Exchanges a launch token, which works once, and takes it out of the address before anything else. */
async function signIn(): Promise<Signed> {
  const token = launchToken(location.hash);
  if (token === undefined) return readMe();
  history.replaceState(null, '', '/#/');
  try {
    await postJson('/api/session', { token });
  } catch (error) {
    // a reload of the address that was opened: the token is used up, and the session may stand
    const me = await readMe();
    return me.state === 'in' ? me : { state: 'out', error: asApiError(error) };
  }
  return readMe();
}

async function readMe(): Promise<Signed> {
  try {
    return { state: 'in', me: await getJson<Me>('/api/me') };
  } catch (error) {
    return { state: 'out', error: asApiError(error) };
  }
}

function SignedOut({ error }: { readonly error: ApiError }) {
  return (
    <main class="signed-out">
      <h1>Media archive</h1>
      {error.status === 401 || error.status === 403 ? (
        <>
          <p role="alert">You are not signed in: {error.message}.</p>
          {error.hint === undefined ? null : <p>To sign in: {error.hint}.</p>}
          <p>
            <a class="button" href="/auth/login">
              Sign in
            </a>
          </p>
        </>
      ) : (
        <Failure error={error} what="the console" retry={() => location.reload()} />
      )}
    </main>
  );
}
