-- CreateTable
CREATE TABLE "section_sides" (
    "id" TEXT NOT NULL,
    "document_id" UUID NOT NULL,
    "side" TEXT NOT NULL,

    CONSTRAINT "section_sides_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "section_sides_document_id_idx" ON "section_sides"("document_id");

-- AddForeignKey
ALTER TABLE "section_sides" ADD CONSTRAINT "section_sides_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;
