import { render } from 'preact';
import { App } from './app.tsx';
import { loadPage } from './page-of.tsx';
import { parseRoute } from './route.ts';

// in parallel with the sign-in
loadPage(parseRoute(location.hash).page).catch(() => undefined);

const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
