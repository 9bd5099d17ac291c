-- AlterTable
ALTER TABLE "passages" ADD COLUMN     "encoder" TEXT;
