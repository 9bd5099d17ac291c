/** Examples from plain documents: for every passage the questions of its own, and some that it does not answer. */

import { detailsFrom } from '../../../src/learn/rules/detail.ts';
import { type Made, sentencesOf } from '../../../src/learn/rules/question.ts';
import { yesNoFrom } from '../../../src/learn/rules/yesno.ts';
import type { Random } from '../../../src/random.ts';
import { type BusinessPassage, cutDocument, readPlainDocument } from './documents.ts';
import { listsFrom } from './lists.ts';
import { unansweredHere } from './unanswerable.ts';

export interface TextExample {
  /** What most of its questions are. */
  readonly primary: 'yesno' | 'list' | 'detail' | 'table';
  readonly passage: BusinessPassage;
  readonly questions: readonly Made[];
}

export interface TextMaker {
  examples(document: string): TextExample[];
}

const maxQuestions = 6;
const maxDocumentCharacters = 60_000;
/** Texts of commands and code, and of references. */
const unsuitable = (text: string): boolean =>
  /(?:^|\n)More information: https?:|```|\$ \w+ --|\{\{|\bdef \w+\(|^\s*\[\w+\]/m.test(text.slice(0, 4000)) &&
  !/\n1\. /.test(text);

const distinct = (questions: readonly Made[]): Made[] => [
  ...new Map(questions.map((made) => [made.question.toLowerCase(), made])).values(),
];

export function createTextMaker(random: Random): TextMaker {
  /** More true statements can be made than false ones: the rest of them is dropped. */
  let surplus = 0;
  const balanced = (questions: readonly Made[]): Made[] =>
    questions.filter(({ form }) => {
      if (form === 'no') surplus -= 1;
      else if (form === 'yes' && surplus >= 2) return false;
      else if (form === 'yes') surplus += 1;
      return true;
    });
  return {
    examples(text) {
      if (unsuitable(text)) return [];
      const document = cutDocument(readPlainDocument(text.slice(0, maxDocumentCharacters)));
      const made = document.passages.map((passage) => {
        const sentences = sentencesOf(passage);
        const polar = random.shuffled(sentences).flatMap((sentence) => {
          const both = yesNoFrom(sentence, document.text, random);
          // Mostly one question a sentence: two would answer each other.
          return both.length > 1 && random.chance(0.7)
            ? [random.pick(both.filter(({ form }) => form === 'no').concat(both.slice(0, 1)))]
            : both.slice(0, 2);
        });
        const details = random.shuffled(sentences.flatMap((sentence) => detailsFrom(sentence, document.text, random)));
        const lists = listsFrom(passage, document.title, document.text, random);
        return { passage, polar, details, lists };
      });
      return made.flatMap(({ passage, polar, details, lists }, index): TextExample[] => {
        const primary = lists.some(({ form }) => form === 'list')
          ? 'list'
          : details.length >= 2
            ? 'detail'
            : polar.length > 0
              ? 'yesno'
              : details.length > 0
                ? 'detail'
                : null;
        if (primary === null) return [];
        const own = distinct([
          ...lists.slice(0, 4),
          ...details.slice(0, primary === 'detail' ? 4 : 2),
          ...balanced(polar.slice(0, primary === 'yesno' ? 4 : 2)),
        ]).slice(0, maxQuestions);
        if (own.length === 0) return [];
        const others = made.flatMap((other, at) =>
          at === index
            ? []
            : [
                ...other.details,
                ...other.polar.filter(({ form }) => form === 'yes'),
                ...other.lists.filter(({ form }) => form === 'list'),
              ],
        );
        const words = passage.pieces.map((piece) => piece.text).join('');
        const none = unansweredHere(words, own, others, random.chance(0.6) ? 1 : 2, random);
        return [{ primary, passage, questions: distinct([...own, ...none]) }];
      });
    },
  };
}
