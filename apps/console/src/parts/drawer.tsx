import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DrawerProps {
  readonly title: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** In the middle of the page instead of at its side. */
  readonly centred?: boolean;
  /** For somebody to write into: the focus goes to its first field, and it stays when they point beside it. */
  readonly firm?: boolean;
}

/** A modal dialog of the browser's own: it holds the focus, closes by Escape, and gives the focus back to what opened it. */
export function Drawer({ title, onClose, children, centred = false, firm = false }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    if (firm) dialog.current?.querySelector<HTMLElement>('input, textarea')?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={centred ? 'centred' : 'drawer'}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={({ target, currentTarget }) => !firm && target === currentTarget && currentTarget.close()}
    >
      <div class="inside">
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={() => dialog.current?.close()}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
