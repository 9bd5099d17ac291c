/** The workspaces that installed the app themselves, and their tokens. */
import type { BaseLogger } from 'pino';
import type { PrismaClient } from '../../store/generated/client.ts';
import type { Seal } from '../../store/seal.ts';

export interface SlackInstallation {
  /** `T…` */
  readonly teamId: string;
  readonly teamName: string;
  readonly token: string;
  /** Who installed it, `U…`. */
  readonly installedBy: string;
}

export interface SlackInstallations {
  /** Those whose token can be read. */
  list(): Promise<readonly SlackInstallation[]>;
  /** Durable when it resolves; replaces the earlier one of the workspace. */
  save(installation: SlackInstallation): Promise<void>;
  remove(teamId: string): Promise<void>;
}

export function createSlackInstallations({
  prisma,
  seal,
  log,
}: {
  readonly prisma: Pick<PrismaClient, 'slackInstallation'>;
  readonly seal: Seal;
  readonly log: Pick<BaseLogger, 'warn'>;
}): SlackInstallations {
  return {
    async list() {
      const rows = await prisma.slackInstallation.findMany({ orderBy: { teamId: 'asc' } });
      return rows.flatMap(({ teamId, teamName, sealedToken, installedBy }) => {
        const token = seal.open(sealedToken);
        if (token !== null) return [{ teamId, teamName, token, installedBy }];
        log.warn(
          { team: teamName },
          'the token of this workspace cannot be read: DOCENT_HOME/secret.key is another one',
        );
        return [];
      });
    },
    async save({ teamId, token, ...rest }) {
      const data = { ...rest, sealedToken: seal.close(token) };
      await prisma.slackInstallation.upsert({ where: { teamId }, create: { teamId, ...data }, update: data });
    },
    async remove(teamId) {
      await prisma.slackInstallation.deleteMany({ where: { teamId } });
    },
  };
}
