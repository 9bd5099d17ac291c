/** Text of Docent's own (help, “not in the documents”): paragraphs, `- ` lists and **bold**. Never HTML. */

const inline = (text: string) =>
  text.split(/\*\*(.+?)\*\*/g).map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text have no other identity
    i % 2 ? <strong key={i}>{part}</strong> : part,
  );

export function Prose({ text }: { readonly text: string }) {
  const blocks = text.split(/\n{2,}/).map((block) => block.split('\n'));
  return (
    <div className="prose">
      {blocks.map((lines, i) => {
        const items = lines.filter((line) => /^[-•] /.test(line));
        const rest = lines.filter((line) => !/^[-•] /.test(line));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <div key={i}>
            {rest.length > 0 && <p>{inline(rest.map((line) => line.replace(/^_(.+)_$/, '$1')).join('\n'))}</p>}
            {items.length > 0 && (
              <ul>
                {items.map((item) => (
                  <li key={item} className="prose-item">
                    {inline(item.slice(2))}
                  </li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
    </div>
  );
}
