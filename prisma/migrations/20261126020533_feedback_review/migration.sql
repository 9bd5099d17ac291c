-- AlterTable
ALTER TABLE "feedback" ADD COLUMN     "review" TEXT NOT NULL DEFAULT 'open';
