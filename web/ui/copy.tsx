import { useState } from 'preact/hooks';

/** A command to copy. */
export function Copy({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // the text stands there to be selected
    }
  };
  return (
    <p class="copy">
      <code class="command">{text}</code>{' '}
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>{' '}
      <span role="status">{copied ? 'copied' : ''}</span>
    </p>
  );
}
