-- CreateTable
CREATE TABLE "slack_installations" (
    "team_id" TEXT NOT NULL,
    "team_name" TEXT NOT NULL,
    "sealed_token" TEXT NOT NULL,
    "installed_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "slack_installations_pkey" PRIMARY KEY ("team_id")
);
