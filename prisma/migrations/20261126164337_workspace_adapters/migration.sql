-- AlterTable
ALTER TABLE "adapters" ADD COLUMN     "workspace_id" UUID;

-- AddForeignKey
ALTER TABLE "adapters" ADD CONSTRAINT "adapters_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE CASCADE ON UPDATE CASCADE;
