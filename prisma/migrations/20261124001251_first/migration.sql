-- CreateEnum
CREATE TYPE "Platform" AS ENUM ('shared', 'local', 'slack', 'discord');

-- CreateEnum
CREATE TYPE "Visibility" AS ENUM ('everyone', 'open', 'closed', 'direct');

-- CreateEnum
CREATE TYPE "VersionState" AS ENUM ('received', 'ready', 'failed', 'superseded');

-- CreateEnum
CREATE TYPE "QuestionState" AS ENUM ('received', 'answered', 'posted', 'failed');

-- CreateTable
CREATE TABLE "workspaces" (
    "id" UUID NOT NULL,
    "platform" "Platform" NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workspaces_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "channels" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "visibility" "Visibility" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channels_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "originals" (
    "digest" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "originals_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "documents" (
    "id" UUID NOT NULL,
    "channel_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "uploader_id" TEXT,
    "source_key" TEXT,
    "url" TEXT,
    "live_version_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "documents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "document_versions" (
    "id" UUID NOT NULL,
    "document_id" UUID NOT NULL,
    "digest" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "format" TEXT,
    "state" "VersionState" NOT NULL DEFAULT 'received',
    "reply_target" JSONB,
    "error_code" TEXT,
    "error_line" TEXT,
    "warnings" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "text" TEXT,
    "pages" INTEGER,
    "language" TEXT,
    "section_count" INTEGER NOT NULL DEFAULT 0,
    "passage_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),

    CONSTRAINT "document_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sections" (
    "id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "heading" TEXT,
    "path" TEXT[],
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "page" INTEGER,

    CONSTRAINT "sections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "passages" (
    "id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "section_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "pieces" JSONB NOT NULL,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "page" INTEGER,
    "length" INTEGER NOT NULL,
    "embedding" BYTEA,

    CONSTRAINT "passages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "passage_terms" (
    "term" TEXT NOT NULL,
    "passage_id" UUID NOT NULL,
    "frequency" REAL NOT NULL,

    CONSTRAINT "passage_terms_pkey" PRIMARY KEY ("term","passage_id")
);

-- CreateTable
CREATE TABLE "passage_words" (
    "word" TEXT NOT NULL,
    "passage_id" UUID NOT NULL,

    CONSTRAINT "passage_words_pkey" PRIMARY KEY ("word","passage_id")
);

-- CreateTable
CREATE TABLE "conversations" (
    "id" UUID NOT NULL,
    "channel_id" UUID NOT NULL,
    "thread_key" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "questions" (
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "message_key" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "state" "QuestionState" NOT NULL DEFAULT 'received',
    "reply_target" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "questions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "answers" (
    "id" UUID NOT NULL,
    "question_id" UUID NOT NULL,
    "found" BOOLEAN NOT NULL,
    "kind" TEXT NOT NULL,
    "answer" TEXT,
    "text" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "base" TEXT NOT NULL,
    "adapter" TEXT,
    "timing" JSONB NOT NULL,
    "seen" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "answers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "answer_sources" (
    "id" UUID NOT NULL,
    "answer_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "document_id" UUID NOT NULL,
    "document" TEXT NOT NULL,
    "section" TEXT,
    "page" INTEGER,
    "quote" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "url" TEXT,

    CONSTRAINT "answer_sources_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "feedback" (
    "id" UUID NOT NULL,
    "answer_id" UUID NOT NULL,
    "user_id" TEXT NOT NULL,
    "vote" INTEGER NOT NULL,
    "reason" TEXT,
    "correction" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "feedback_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "processed_events" (
    "key" TEXT NOT NULL,
    "platform" "Platform" NOT NULL,
    "kind" TEXT NOT NULL,
    "processed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "processed_events_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "adapters" (
    "id" TEXT NOT NULL,
    "folder" TEXT NOT NULL,
    "base_sha256" TEXT NOT NULL,
    "prompt_version" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "parent_id" TEXT,
    "metrics" JSONB NOT NULL DEFAULT '{}',
    "tainted" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "adapters_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "adapter_aliases" (
    "id" UUID NOT NULL,
    "workspace_id" UUID,
    "alias" TEXT NOT NULL,
    "adapter_id" TEXT NOT NULL,
    "moved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "adapter_aliases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "training_runs" (
    "id" UUID NOT NULL,
    "workspace_id" UUID,
    "state" TEXT NOT NULL,
    "decision" TEXT,
    "reason" TEXT,
    "report" JSONB NOT NULL DEFAULT '{}',
    "candidate_id" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "training_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "workspaces_platform_external_id_key" ON "workspaces"("platform", "external_id");

-- CreateIndex
CREATE INDEX "channels_name_idx" ON "channels"("name");

-- CreateIndex
CREATE UNIQUE INDEX "channels_workspace_id_external_id_key" ON "channels"("workspace_id", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "documents_live_version_id_key" ON "documents"("live_version_id");

-- CreateIndex
CREATE INDEX "documents_source_key_idx" ON "documents"("source_key");

-- CreateIndex
CREATE UNIQUE INDEX "documents_channel_id_path_key" ON "documents"("channel_id", "path");

-- CreateIndex
CREATE INDEX "document_versions_document_id_created_at_idx" ON "document_versions"("document_id", "created_at");

-- CreateIndex
CREATE INDEX "document_versions_digest_idx" ON "document_versions"("digest");

-- CreateIndex
CREATE INDEX "document_versions_state_idx" ON "document_versions"("state");

-- CreateIndex
CREATE INDEX "sections_version_id_ordinal_idx" ON "sections"("version_id", "ordinal");

-- CreateIndex
CREATE INDEX "passages_version_id_ordinal_idx" ON "passages"("version_id", "ordinal");

-- CreateIndex
CREATE INDEX "passages_section_id_idx" ON "passages"("section_id");

-- CreateIndex
CREATE INDEX "passage_terms_passage_id_idx" ON "passage_terms"("passage_id");

-- CreateIndex
CREATE INDEX "passage_words_passage_id_idx" ON "passage_words"("passage_id");

-- CreateIndex
CREATE UNIQUE INDEX "conversations_channel_id_thread_key_key" ON "conversations"("channel_id", "thread_key");

-- CreateIndex
CREATE UNIQUE INDEX "questions_message_key_key" ON "questions"("message_key");

-- CreateIndex
CREATE INDEX "questions_conversation_id_created_at_idx" ON "questions"("conversation_id", "created_at");

-- CreateIndex
CREATE INDEX "questions_state_created_at_idx" ON "questions"("state", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "answers_question_id_key" ON "answers"("question_id");

-- CreateIndex
CREATE INDEX "answers_created_at_idx" ON "answers"("created_at");

-- CreateIndex
CREATE INDEX "answer_sources_answer_id_ordinal_idx" ON "answer_sources"("answer_id", "ordinal");

-- CreateIndex
CREATE INDEX "answer_sources_document_id_idx" ON "answer_sources"("document_id");

-- CreateIndex
CREATE UNIQUE INDEX "feedback_answer_id_user_id_key" ON "feedback"("answer_id", "user_id");

-- CreateIndex
CREATE INDEX "processed_events_processed_at_idx" ON "processed_events"("processed_at");

-- CreateIndex
CREATE UNIQUE INDEX "adapter_aliases_workspace_id_alias_key" ON "adapter_aliases"("workspace_id", "alias");

-- CreateIndex
CREATE INDEX "audit_entries_at_idx" ON "audit_entries"("at");

-- AddForeignKey
ALTER TABLE "channels" ADD CONSTRAINT "channels_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "channels"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_live_version_id_fkey" FOREIGN KEY ("live_version_id") REFERENCES "document_versions"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_digest_fkey" FOREIGN KEY ("digest") REFERENCES "originals"("digest") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sections" ADD CONSTRAINT "sections_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "document_versions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "passages" ADD CONSTRAINT "passages_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "document_versions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "passages" ADD CONSTRAINT "passages_section_id_fkey" FOREIGN KEY ("section_id") REFERENCES "sections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "passage_terms" ADD CONSTRAINT "passage_terms_passage_id_fkey" FOREIGN KEY ("passage_id") REFERENCES "passages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "passage_words" ADD CONSTRAINT "passage_words_passage_id_fkey" FOREIGN KEY ("passage_id") REFERENCES "passages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "channels"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "answers" ADD CONSTRAINT "answers_question_id_fkey" FOREIGN KEY ("question_id") REFERENCES "questions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "answer_sources" ADD CONSTRAINT "answer_sources_answer_id_fkey" FOREIGN KEY ("answer_id") REFERENCES "answers"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_answer_id_fkey" FOREIGN KEY ("answer_id") REFERENCES "answers"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "adapter_aliases" ADD CONSTRAINT "adapter_aliases_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "adapter_aliases" ADD CONSTRAINT "adapter_aliases_adapter_id_fkey" FOREIGN KEY ("adapter_id") REFERENCES "adapters"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "training_runs" ADD CONSTRAINT "training_runs_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "training_runs" ADD CONSTRAINT "training_runs_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "adapters"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- By hand: NULL is not equal to NULL in the unique index above, but an install has each alias once, too.
-- (NULLS NOT DISTINCT would say it in one index, from PostgreSQL 15 on.)
CREATE UNIQUE INDEX "adapter_aliases_install_alias_key" ON "adapter_aliases"("alias") WHERE "workspace_id" IS NULL;
