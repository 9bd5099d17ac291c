/** Takes files that are dropped anywhere on the page; folders give the files in them. */
import { useEffect, useState } from 'react';

/** A browser gives folders in steps of at most 100 entries. */
async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    const path = entry.fullPath.replace(/^\//, '');
    // The path tells two files of the same name in two folders apart.
    Object.defineProperty(file, 'webkitRelativePath', { value: path.includes('/') ? path : '' });
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  while (true) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const inner of entries) files.push(...(await filesIn(inner)));
  }
}

export function DropZone({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false); // left the window
    };
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      const entries = [...event.dataTransfer!.items]
        .map((item) => item.webkitGetAsEntry())
        .filter((entry) => entry !== null);
      const plain = [...event.dataTransfer!.files];
      const found = entries.length > 0 ? Promise.all(entries.map(filesIn)).then((files) => files.flat()) : null;
      (found ?? Promise.resolve(plain)).catch(() => plain).then((files) => files.length > 0 && onFiles(files));
    };
    addEventListener('dragenter', enter);
    addEventListener('dragover', enter);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragover', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [onFiles]);
  return over ? (
    <div className="drop" aria-hidden="true">
      <p>Drop files to add them</p>
    </div>
  ) : null;
}
