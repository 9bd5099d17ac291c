import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The sample handbook travels with the built page, because the compiler copies no Markdown. */
const sampleHandbook = (): Plugin => ({
  name: 'docent-sample-handbook',
  generateBundle() {
    const source = readFileSync(new URL('./src/console/sample/handbook.md', import.meta.url));
    this.emitFile({ type: 'asset', fileName: 'sample/handbook.md', source });
  },
});

export default defineConfig({
  root: 'src/console/app',
  plugins: [react(), sampleHandbook()],
  build: {
    outDir: '../../../dist/console',
    emptyOutDir: true,
    // The content policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
