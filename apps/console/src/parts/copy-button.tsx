import { useState } from 'preact/hooks';

/** Puts a text into the clipboard, and says that it did, or that the browser refused. */
export function CopyButton({ text, children }: { text: string; children: string }) {
  const [told, setTold] = useState('');
  const copy = (): void => {
    const copied = navigator.clipboard
      ? navigator.clipboard.writeText(text)
      : Promise.reject(new Error('no clipboard'));
    copied.then(
      () => setTold('Copied'),
      () => setTold('The browser does not allow it'),
    );
  };
  return (
    <>
      <button type="button" onClick={copy}>
        {children}
      </button>{' '}
      <span role="status" class="quiet">
        {told}
      </span>
    </>
  );
}
