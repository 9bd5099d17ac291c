/** Writing settings into `.env`: other lines and comments stay, the file is private, and it is never half written. */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Values with blanks or quotes are quoted as dotenv reads them. */
const quoted = (value: string): string => (/[\s#"'`]/.test(value) ? JSON.stringify(value) : value);

/** Sets `values` in the file at `path`; a line that has the name already, also commented out, is replaced. */
export function writeSettings(path: string, values: Readonly<Record<string, string>>): void {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').replace(/\n$/, '').split('\n') : [];
  for (const [name, value] of Object.entries(values)) {
    const line = `${name}=${quoted(value)}`;
    const set = lines.findIndex((candidate) => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(candidate));
    const commented = lines.findIndex((candidate) => new RegExp(`^\\s*#\\s*${name}\\s*=`).test(candidate));
    const at = set >= 0 ? set : commented;
    if (at >= 0) lines[at] = line;
    else lines.push(line);
  }
  const scratch = `${path}.${process.pid}`;
  writeFileSync(scratch, `${lines.join('\n')}\n`, { mode: 0o600 });
  chmodSync(scratch, 0o600);
  renameSync(scratch, path);
}
