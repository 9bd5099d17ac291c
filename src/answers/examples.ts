/** Three questions that documents visible to the asker answer, made from their headings. */
import type { Pool } from 'pg';
import { type Audience, audienceParameters, visibleChannels } from '../retrieval/visibility.ts';

export interface ExampleQuestions {
  forAudience(audience: Audience): Promise<readonly string[]>;
}

/** Headings that read as a topic: short, and about something. Newest documents first, one heading each. */
const headingsSql = `
  with ${visibleChannels},
  topics as (
    select s.heading, s.ordinal, d.id as document_id, d.updated_at,
           row_number() over (partition by d.id order by s.ordinal) as nth
    from documents d
    join visible_channels vc on vc.id = d.channel_id
    join sections s on s.version_id = d.live_version_id
    where s.heading is not null and cardinality(s.path) > 1 and length(s.heading) between 4 and 50
      and s."end" - s.start > 80
  )
  select heading from topics order by nth > 2, updated_at desc, nth limit $4`;

/** Says nothing about the content on its own. */
const hollow =
  /^(introduction|overview|summary|contents|table of contents|contact|appendix|general|notes?|background|faq|about|purpose|scope|welcome)\b/i;

const asQuestion = (heading: string): string => {
  const topic = heading
    .replace(/^[\d.]+\s*/, '')
    .replace(/[:.]+$/, '')
    .trim();
  if (/\?$/.test(topic)) return topic;
  const lower = /^[A-Z][a-z]/.test(topic) ? topic[0]!.toLowerCase() + topic.slice(1) : topic;
  return `What do the documents say about ${lower}?`;
};

export function createExamples(deps: { readonly pool: Pool }): ExampleQuestions {
  return {
    async forAudience(audience) {
      const { rows } = await deps.pool.query<{ heading: string }>(headingsSql, [...audienceParameters(audience), 24]);
      const topics = rows
        .map((row) => row.heading)
        .filter((heading) => !hollow.test(heading.replace(/^[\d.]+\s*/, '')));
      return [...new Set(topics.map(asQuestion))].slice(0, 3);
    },
  };
}
