/**
 * Adapter versions and the aliases that say which one serves. Versions never change; promoting and rolling back move an
 * alias. Knows folders and rows, not how an adapter is applied.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { DocentError, reasonOf } from '../errors.ts';
import { uncalibrated } from '../reader/calibration.ts';
import { promptVersion } from '../reader/prompt.ts';
import type { Prisma, PrismaClient } from '../store/generated/client.ts';
import { packageRoot } from './catalog.ts';

const calibrationSchema = z.object({
  slope: z.number().positive().default(1),
  intercept: z.number().default(0),
  retrieval: z.number().min(0).optional(),
  threshold: z.number().min(0).max(1),
});

const manifestSchema = z.object({
  id: z.string().regex(/^[\w.-]+$/),
  parent: z.string().nullable().default(null),
  baseSha256: z.string(),
  promptVersion: z.string(),
  forms: z.object({ yesNo: z.boolean(), several: z.boolean() }).default({ yesNo: false, several: false }),
  calibration: calibrationSchema.default(uncalibrated),
  /** For a passage that is given instead of searched: no others compete with it. */
  givenPassage: calibrationSchema.optional(),
  metrics: z.record(z.string(), z.unknown()).default({}),
  /** Ids of the documents that taught it; none for what ships. */
  documents: z.array(z.string()).default([]),
});

/** `manifest.json` beside the weights: what the adapter was trained for and how its confidence is read. */
export type Manifest = z.infer<typeof manifestSchema>;

const peftSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  /** What Docent writes beside PEFT's own fields; adapters from elsewhere lack it. */
  docent: z.object({ base_sha256: z.string().nullable(), prompt_version: z.string() }).optional(),
});

/** Whose adapter: a workspace's (its id), or that of the whole install. */
export type Scope = string | null;

export interface AdapterVersion {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface AdapterRow extends AdapterVersion {
  /** `champion`, `candidate`, `previous`; of a workspace's own with its name: `champion of Acme`. */
  readonly aliases: readonly string[];
  readonly createdAt: Date;
}

export interface AdapterRegistry {
  /** Makes the adapters that ship known; the reader serves until another is promoted. */
  registerShipped(): Promise<void>;
  list(): Promise<readonly AdapterRow[]>;
  /** What serves there now; null = the bare base, or for a workspace what serves the install. */
  champion(scope?: Scope): Promise<AdapterVersion | null>;
  /** What serves now, by scope. */
  champions(): Promise<ReadonlyMap<Scope, AdapterVersion>>;
  /**
   * A version that may be used.
   * @throws DocentError ADAPTER_UNKNOWN, ADAPTER_INVALID for another base or a tainted version.
   */
  get(id: string): Promise<AdapterVersion>;
  /**
   * Copies a PEFT folder into this home.
   * @param alias what it is called besides its id, in place of the one that was called so.
   * @param scope whose documents taught it.
   * @throws DocentError ADAPTER_INVALID
   */
  import(folder: string, alias?: 'candidate', scope?: Scope): Promise<AdapterVersion>;
  /**
   * Forgets the weights of what runs trained and nobody serves, all but the newest; their rows and scores stay.
   * @returns how many went.
   */
  discardCandidates(keep: number): Promise<number>;
  /** What every run starts from; null where the base has no adapter that ships. */
  shipped(): Promise<AdapterVersion | null>;
  /**
   * What was taught by a document that may not teach any more is never promoted again, and if it serves now, the adapter
   * that ships takes over; for a workspace that of the install.
   * @param mayTeach ids of all documents that may teach a scope.
   * @returns whether a champion changed.
   */
  taintUnless(mayTeach: (scope: Scope) => Promise<ReadonlySet<string>>): Promise<boolean>;
  /** Workspaces that have no adapter of their own any more are served by the install's. @returns whether one had. */
  keepScopes(scopes: readonly Scope[]): Promise<boolean>;
  /** The same for all that was learned at this time or later, whatever taught it. */
  taintLearnedSince(time: Date): Promise<boolean>;
  /**
   * What served before, and since when another one does; before a workspace's first own adapter that of the install.
   * Null where nothing was replaced.
   */
  predecessor(scope?: Scope): Promise<{ readonly id: string; readonly until: Date } | null>;
  /**
   * @throws DocentError ADAPTER_UNKNOWN, ADAPTER_INVALID for another base, a tainted version, or one that another
   * workspace's documents taught.
   */
  promote(id: string, actorId: string, scope?: Scope): Promise<AdapterVersion>;
  /**
   * Back to the version that served before; for a workspace without one, to the install's.
   * @throws DocentError ADAPTER_UNKNOWN when there is none.
   */
  rollback(actorId: string, scope?: Scope): Promise<AdapterVersion | null>;
}

/** Reads and checks the two JSON files of an adapter folder. @throws DocentError ADAPTER_INVALID */
export async function readManifest(folder: string, baseSha256: string | null): Promise<Manifest> {
  const invalid = (reason: string, cause?: unknown) =>
    new DocentError('ADAPTER_INVALID', { folder, reason }, { cause });
  const read = async (name: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(join(folder, name), 'utf8'));
    } catch (error) {
      throw invalid(`${name}: ${reasonOf(error)}`, error);
    }
  };
  const peft = peftSchema.safeParse(await read('adapter_config.json'));
  if (!peft.success) throw invalid('adapter_config.json is not that of a LoRA adapter');
  const manifest = manifestSchema.safeParse(await read('manifest.json'));
  if (!manifest.success) throw invalid(`manifest.json: ${z.prettifyError(manifest.error).split('\n')[0]}`);
  const { docent } = peft.data;
  const { baseSha256: trainedFor, promptVersion: trainedWith } = manifest.data;
  if (docent && (docent.base_sha256 !== trainedFor || docent.prompt_version !== trainedWith))
    throw invalid('adapter_config.json and manifest.json name different bases or prompts');
  if (baseSha256 !== null && trainedFor !== baseSha256) throw invalid('it was trained for another base');
  if (trainedWith !== promptVersion)
    throw invalid(`it was trained with prompt ${trainedWith}, this Docent uses ${promptVersion}`);
  return manifest.data;
}

const digestOf = async (folder: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(join(folder, 'adapter_model.safetensors')))
    .digest('hex');

const shippedFolder = join('models', 'reader');

/** The shipped ones are stored relative to the package, so that an update of Docent brings new weights along. */
const absolute = (folder: string): string => (isAbsolute(folder) ? folder : join(packageRoot, folder));

export function createAdapterRegistry(deps: {
  readonly prisma: PrismaClient;
  readonly home: string;
  readonly baseSha256: string | null;
}): AdapterRegistry {
  const { prisma, baseSha256 } = deps;

  const register = async (folder: string, stored: string, workspaceId: Scope = null): Promise<AdapterVersion> => {
    const manifest = await readManifest(folder, baseSha256);
    const facts = {
      folder: stored,
      baseSha256: manifest.baseSha256,
      promptVersion: manifest.promptVersion,
      digest: await digestOf(folder),
      parentId: manifest.parent,
      metrics: manifest.metrics as Prisma.InputJsonValue,
      workspaceId,
    };
    await prisma.adapter.upsert({ where: { id: manifest.id }, create: { id: manifest.id, ...facts }, update: facts });
    return { id: manifest.id, folder, manifest };
  };

  const load = async (row: { readonly id: string; readonly folder: string }): Promise<AdapterVersion> => {
    const folder = absolute(row.folder);
    return { id: row.id, folder, manifest: await readManifest(folder, baseSha256) };
  };

  const get = async (id: string): Promise<AdapterVersion> => {
    const row = await prisma.adapter.findUnique({ where: { id } });
    if (!row) throw new DocentError('ADAPTER_UNKNOWN', { id });
    const version = await load(row);
    if (row.tainted)
      throw new DocentError('ADAPTER_INVALID', {
        folder: basename(row.folder),
        reason: 'a document that taught it was deleted',
      });
    return version;
  };

  const aliased = (alias: string, workspaceId: Scope) =>
    prisma.adapterAlias.findFirst({ where: { workspaceId, alias }, include: { adapter: true } });

  const point = async (
    tx: Prisma.TransactionClient,
    alias: string,
    adapterId: string,
    workspaceId: Scope = null,
  ): Promise<void> => {
    await tx.adapterAlias.deleteMany({ where: { workspaceId, alias } });
    await tx.adapterAlias.create({ data: { alias, adapterId, workspaceId } });
  };

  const move = async (to: string, actorId: string, action: string, scope: Scope): Promise<void> => {
    const before = await aliased('champion', scope);
    await prisma.$transaction(async (tx) => {
      await point(tx, 'champion', to, scope);
      if (before && before.adapterId !== to) await point(tx, 'previous', before.adapterId, scope);
      await tx.auditEntry.create({ data: { actorId, action, subject: to } });
    });
  };

  /** Takes these out of service for good. @returns whether one of them served. */
  const taint = async (
    taught: readonly {
      readonly id: string;
      readonly aliases: readonly { readonly alias: string; readonly workspaceId: Scope }[];
    }[],
  ): Promise<boolean> => {
    if (taught.length === 0) return false;
    const champions = taught.flatMap(({ aliases }) => aliases.filter(({ alias }) => alias === 'champion'));
    const install = champions.some(({ workspaceId }) => workspaceId === null);
    const shipped = await prisma.adapter.findFirst({ where: { folder: shippedFolder } });
    await prisma.$transaction(async (tx) => {
      const ids = taught.map(({ id }) => id);
      await tx.adapter.updateMany({ where: { id: { in: ids } }, data: { tainted: true } });
      await tx.adapterAlias.deleteMany({ where: { adapterId: { in: ids } } });
      if (install && shipped) await point(tx, 'champion', shipped.id);
      for (const id of ids)
        await tx.auditEntry.create({ data: { actorId: 'docent', action: 'adapter.taint', subject: id } });
    });
    return champions.length > 0;
  };

  return {
    async registerShipped() {
      const shipped = shippedFolder;
      const { baseSha256: trainedFor } = await readManifest(join(packageRoot, shipped), null);
      // An operator's own base has no shipped adapter: the bare base reads.
      if (trainedFor !== baseSha256) return;
      const version = await register(join(packageRoot, shipped), shipped);
      const current = await aliased('champion', null);
      const isOlder = (adapter: { readonly id: string; readonly folder: string }) =>
        adapter.folder === shipped && adapter.id !== version.id;
      await prisma.$transaction(async (tx) => {
        // A newer Docent brought a newer reader into the same folder: who served the old one serves it, and the old
        // version stays known by name only.
        if (!current || isOlder(current.adapter)) await point(tx, 'champion', version.id);
        const older = { folder: shipped, id: { not: version.id } };
        await tx.adapterAlias.deleteMany({ where: { adapter: older } });
        await tx.adapter.updateMany({ where: older, data: { folder: `${shipped}.replaced` } });
      });
    },
    async list() {
      const rows = await prisma.adapter.findMany({
        include: { aliases: { include: { workspace: { select: { name: true } } } } },
        orderBy: { createdAt: 'asc' },
      });
      const versions = await Promise.all(rows.map((row) => load(row).catch(() => null)));
      return rows.flatMap((row, i) => {
        const version = versions[i];
        if (!version) return [];
        const aliases = row.aliases.map(({ alias, workspace }) =>
          workspace ? `${alias} of ${workspace.name}` : alias,
        );
        return [{ ...version, aliases, createdAt: row.createdAt }];
      });
    },
    async champion(scope = null) {
      const row = await aliased('champion', scope);
      return row ? load(row.adapter) : null;
    },
    async champions() {
      const rows = await prisma.adapterAlias.findMany({ where: { alias: 'champion' }, include: { adapter: true } });
      return new Map(await Promise.all(rows.map(async (row) => [row.workspaceId, await load(row.adapter)] as const)));
    },
    async import(folder, alias, scope = null) {
      const source = resolve(folder);
      const manifest = await readManifest(source, baseSha256);
      const target = join(deps.home, 'adapters', manifest.id);
      const scratch = `${target}.${process.pid}.part`;
      await mkdir(join(deps.home, 'adapters'), { recursive: true });
      await cp(source, scratch, { recursive: true });
      await rm(target, { recursive: true, force: true });
      await rename(scratch, target);
      const version = await register(target, target, scope);
      if (alias) await prisma.$transaction((tx) => point(tx, alias, version.id, scope));
      return version;
    },
    get,
    shipped: async () => {
      const row = await prisma.adapter.findFirst({ where: { folder: shippedFolder } });
      return row ? load(row) : null;
    },
    async taintUnless(mayTeach) {
      const rows = await prisma.adapter.findMany({ where: { tainted: false }, include: { aliases: true } });
      const taught: typeof rows = [];
      const allowed = new Map<Scope, ReadonlySet<string>>();
      for (const row of rows) {
        const version = await load(row).catch(() => null);
        if (!version || version.manifest.documents.length === 0) continue;
        const may = allowed.get(row.workspaceId) ?? (await mayTeach(row.workspaceId));
        allowed.set(row.workspaceId, may);
        if (version.manifest.documents.some((id) => !may.has(id))) taught.push(row);
      }
      return taint(taught);
    },
    async keepScopes(scopes) {
      const kept = scopes.flatMap((scope) => scope ?? []);
      const { count } = await prisma.adapterAlias.deleteMany({
        where: { workspaceId: { not: null, notIn: kept } },
      });
      return count > 0;
    },
    taintLearnedSince: async (time) =>
      taint(
        await prisma.adapter.findMany({
          where: { tainted: false, runs: { some: {} }, createdAt: { gte: time } },
          include: { aliases: true },
        }),
      ),
    async discardCandidates(keep) {
      const rows = await prisma.adapter.findMany({
        where: { runs: { some: {} }, aliases: { none: { alias: { not: 'candidate' } } } },
        orderBy: { createdAt: 'desc' },
        skip: keep,
      });
      const learned = rows.map(({ folder }) => absolute(folder)).filter((folder) => existsSync(folder));
      for (const folder of learned) await rm(folder, { recursive: true, force: true });
      return learned.length;
    },
    async predecessor(scope = null) {
      const row = await aliased('previous', scope);
      if (row) return { id: row.adapterId, until: row.movedAt };
      const [own, install] = await Promise.all([aliased('champion', scope), aliased('champion', null)]);
      return scope !== null && own && install ? { id: install.adapterId, until: own.movedAt } : null;
    },
    async promote(id, actorId, scope = null) {
      const version = await get(id);
      const { workspaceId } = await prisma.adapter.findUniqueOrThrow({ where: { id }, select: { workspaceId: true } });
      if (workspaceId !== null && workspaceId !== scope)
        throw new DocentError('ADAPTER_INVALID', {
          folder: basename(version.folder),
          reason: 'documents of one workspace taught it, and it serves only there',
        });
      await move(id, actorId, 'adapter.promote', scope);
      return version;
    },
    async rollback(actorId, scope = null) {
      const previous = await aliased('previous', scope);
      if (previous) {
        const version = await get(previous.adapterId);
        await move(previous.adapterId, actorId, 'adapter.rollback', scope);
        return version;
      }
      const own = scope === null ? null : await aliased('champion', scope);
      if (!own) throw new DocentError('ADAPTER_UNKNOWN', { id: 'that served before' });
      await prisma.$transaction([
        prisma.adapterAlias.delete({ where: { id: own.id } }),
        prisma.auditEntry.create({ data: { actorId, action: 'adapter.rollback', subject: own.adapterId } }),
      ]);
      return null;
    },
  };
}
