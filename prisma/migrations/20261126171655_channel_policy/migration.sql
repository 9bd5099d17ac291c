-- CreateEnum
CREATE TYPE "ChannelPolicy" AS ENUM ('mention', 'threads', 'off');

-- AlterTable
ALTER TABLE "channels" ADD COLUMN     "policy" "ChannelPolicy" NOT NULL DEFAULT 'threads';
