import { expect, it } from 'vitest';
import { findAbbreviations, otherForms } from './abbreviations.ts';

it('finds what is defined in brackets, either way round', () => {
  const text = `Personal protective equipment (PPE) is worn at all times.
The service level agreement (SLA) and the R&D (research and development) budget.
Line managers (see page 4) decide; staff (about 240) are told. Paid time off (PTO) is accrued.`;
  expect([...findAbbreviations(text)]).toEqual([
    ['PPE', 'Personal protective equipment'],
    ['SLA', 'service level agreement'],
    ['R&D', 'research and development'],
    ['PTO', 'Paid time off'],
  ]);
});

it('takes no bracket for a definition that does not spell it', () => {
  expect(
    findAbbreviations('The office (HQ) is closed. Send form (B12). Costs rose (EUR) again. Nothing (X).').size,
  ).toBe(0);
});

it('gives the form that a passage lacks', () => {
  const known = new Map([['PPE', 'personal protective equipment']]);
  expect(otherForms('PPE is handed out at the gate.', known)).toEqual(['personal protective equipment']);
  expect(otherForms('Personal protective equipment is handed out.', known)).toEqual(['PPE']);
  expect(otherForms('Personal protective equipment (PPE) is worn.', known)).toEqual([]);
  expect(otherForms('The PPEX form.', known)).toEqual([]);
});
