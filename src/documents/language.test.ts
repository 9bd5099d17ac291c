import { describe, expect, it } from 'vitest';
import { detectLanguage } from './language.ts';

describe('detectLanguage', () => {
  it.each([
    ['how many vacation days do i get', 'eng'],
    ['When is the deadline for expenses?', 'eng'],
    ['what is the notice period', 'eng'],
    ['Wie viele Urlaubstage habe ich und wer genehmigt sie?', 'deu'],
    ['Combien de jours de congé est-ce que nous avons dans la société ?', 'fra'],
    ['¿Cuántos días de vacaciones hay y quién los aprueba?', 'spa'],
    ['Сколько дней отпуска мне положено в этом году?', 'rus'],
  ])('knows %s', (text, code) => expect(detectLanguage(text)).toEqual({ code, confident: true }));

  it.each(['', '42', 'PTO?', 'VPN', 'Kubernetes Grafana', 'Marta Lind', 'gate 3', 'server room'])(
    'doesn’t pretend to know “%s”',
    (text) => expect(detectLanguage(text).confident).toBe(false),
  );

  it('knows paragraphs by their trigrams too', () => {
    const polish =
      'Pracownicy zatrudnieni w pełnym wymiarze czasu mają prawo do dwudziestu sześciu dni płatnego urlopu rocznie. Niewykorzystane dni przechodzą na następny rok i wygasają z końcem września.';
    expect(detectLanguage(polish)).toEqual({ code: 'pol', confident: true });
  });

  it('takes an English handbook with foreign names for English', () => {
    const text =
      'The offices in München, Zürich and Malmö are open from 8:00 to 18:00. Björn Åkesson has the keys of all of them.';
    expect(detectLanguage(text)).toEqual({ code: 'eng', confident: true });
  });
});
