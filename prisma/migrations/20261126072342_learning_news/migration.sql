-- CreateTable
CREATE TABLE "learning_news" (
    "channel_id" UUID NOT NULL,
    "reply_id" TEXT NOT NULL,
    "target" JSONB NOT NULL,
    "platform" "Platform" NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "learning_news_pkey" PRIMARY KEY ("channel_id")
);

-- AddForeignKey
ALTER TABLE "learning_news" ADD CONSTRAINT "learning_news_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "channels"("id") ON DELETE CASCADE ON UPDATE CASCADE;
