/**
 * Secrets that stand in the database: sealed with a key beside it, so that a dump alone gives nothing away. AES-256-GCM,
 * a fresh nonce each time. @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface Seal {
  /** @returns base64 */
  close(text: string): string;
  /** null: not sealed with this key, or damaged */
  open(sealed: string): string | null;
}

/** The key of this folder, made when there is none; only this account can read it. */
function keyOf(home: string): Buffer {
  const path = join(home, 'secret.key');
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(home, { recursive: true });
  const scratch = `${path}.${process.pid}`;
  writeFileSync(scratch, randomBytes(keyBytes), { mode: 0o600, flush: true });
  try {
    linkSync(scratch, path); // another process may have made one meanwhile: that one counts
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(scratch);
  }
  return readFileSync(path);
}

/** @param home DOCENT_HOME */
export function createSeal(home: string): Seal {
  const key = keyOf(home);
  return {
    close(text) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < nonceBytes + tagBytes) return null;
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
      try {
        decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return null;
      }
    },
  };
}
