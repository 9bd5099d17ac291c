import { defineConfig } from 'prisma/config';

// Prisma 7's command line insists on a schema-engine binary even for commands that never start it. `generate`,
// `validate` and `format` run on WebAssembly only: naming a file that exists lets them work without network.
const command = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
if (command && ['generate', 'validate', 'format'].includes(command)) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://unused' },
});
