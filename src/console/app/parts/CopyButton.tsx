/** Copies an answer with its source. Absent where the browser forbids it (plain http off loopback). */
import { useState } from 'react';
import { Icon } from './Icon.tsx';

export function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button
      type="button"
      className="quiet"
      aria-label={copied ? 'Copied' : 'Copy answer and source'}
      onClick={() => void copy().catch(() => {})}
    >
      <Icon name={copied ? 'check' : 'copy'} />
    </button>
  );
}
