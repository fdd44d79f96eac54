import { useEffect, useState } from 'preact/hooks';
import { parseRoute, type Route } from './route.ts';

const CHANGED = 'route-changed';

/** Goes to a fragment; the browser's own back button leads back. */
export function goTo(hash: string): void {
  location.hash = hash;
}

/** Writes the state of a page into the address, without a step of its own in the history. */
export function replaceRoute(hash: string): void {
  if (hash === location.hash) return;
  history.replaceState(history.state, '', hash);
  dispatchEvent(new Event(CHANGED));
}

/** The route of the address, as it changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    addEventListener('hashchange', read);
    addEventListener(CHANGED, read);
    return () => {
      removeEventListener('hashchange', read);
      removeEventListener(CHANGED, read);
    };
  }, []);
  return parseRoute(hash);
}
