/** Synthetic tables as teams upload them, through the code that cuts uploads, and questions of row × column. */
import { createTextBuilder } from '../../../src/documents/extract/builder.ts';
import { buildSections } from '../../../src/documents/sections.ts';
import type { Example, ExampleQuestion } from '../../data/examples.ts';
import { roughTokens } from './documents.ts';
import type { Random } from './random.ts';

interface Column {
  readonly name: string;
  readonly value: (random: Random) => string;
  /** Ways to ask for it; `{key}` is the row. */
  readonly questions: readonly string[];
}

interface Domain {
  readonly title: readonly string[];
  readonly key: { readonly name: string; readonly values: readonly string[] };
  readonly columns: readonly Column[];
}

const money = (random: Random): string => {
  const amount = random.pick([random.between(5, 99), random.between(100, 990), random.between(10, 95) * 100]);
  const text = amount.toLocaleString('en');
  return random.pick([`$${text}`, `€${text}`, `${text} €`, `£${text}`, `${text} USD`]);
};
const days = (random: Random) => `${random.between(2, 60)} ${random.pick(['days', 'working days', 'days'])}`;
const months = (random: Random) => `${random.between(1, 36)} months`;
const time = (random: Random) =>
  `${random.between(7, 11)}:${random.pick(['00', '15', '30'])}–${random.between(15, 20)}:00`;
const percent = (random: Random) => `${random.between(1, 95)} %`;
const person = (random: Random) =>
  `${random.pick(['Anna', 'Ben', 'Carla', 'David', 'Elif', 'Farid', 'Grace', 'Hana', 'Ivan', 'Julia', 'Karim', 'Lena', 'Marco', 'Nadia', 'Omar', 'Petra'])} ${random.pick(['Adler', 'Brooks', 'Costa', 'Dahl', 'Evans', 'Fischer', 'Grant', 'Haas', 'Ito', 'Jensen', 'Kaya', 'Lopez', 'Moreau', 'Novak', 'Okafor', 'Price'])}`;
const phone = (random: Random) => `+${random.between(1, 49)} ${random.between(100, 999)} ${random.between(1000, 9999)}`;
const count = (random: Random) => String(random.pick([random.between(1, 20), random.between(20, 900)]));

const domains: readonly Domain[] = [
  {
    title: ['Plans', 'Pricing', 'Subscription plans'],
    key: { name: 'Plan', values: ['Free', 'Starter', 'Basic', 'Team', 'Pro', 'Business', 'Premium', 'Enterprise'] },
    columns: [
      {
        name: 'Price per month',
        value: money,
        questions: ['How much does the {key} plan cost?', 'What is the monthly price of {key}?', '{key} price'],
      },
      {
        name: 'Users',
        value: count,
        questions: ['How many users does {key} include?', 'How many people can use the {key} plan?'],
      },
      {
        name: 'Storage',
        value: (r) => `${r.pick([5, 10, 50, 100, 250, 500])} GB`,
        questions: ['How much storage comes with {key}?', 'What storage do I get on {key}?'],
      },
      {
        name: 'Support',
        value: (r) => r.pick(['email', 'chat', 'phone', 'community forum', '24/7 phone']),
        questions: ['Which support does {key} have?', 'How can {key} customers get help?'],
      },
    ],
  },
  {
    title: ['Offices', 'Locations', 'Our sites'],
    key: {
      name: 'Office',
      values: ['Berlin', 'Lisbon', 'Toronto', 'Austin', 'Dublin', 'Osaka', 'Leeds', 'Lyon', 'Zurich', 'Nairobi'],
    },
    columns: [
      {
        name: 'Opening hours',
        value: time,
        questions: ['When is the {key} office open?', 'What are the opening hours in {key}?', '{key} hours'],
      },
      {
        name: 'Desks',
        value: count,
        questions: ['How many desks are there in {key}?', 'How many desks does {key} have?'],
      },
      {
        name: 'Contact',
        value: person,
        questions: ['Who is the contact for {key}?', 'Who do I ask about the {key} office?'],
      },
      {
        name: 'Phone',
        value: phone,
        questions: ['What is the phone number of the {key} office?', 'How do I call {key}?'],
      },
    ],
  },
  {
    title: ['Leave entitlement', 'Annual leave', 'Time off'],
    key: {
      name: 'Group',
      values: [
        'Full-time staff',
        'Part-time staff',
        'Interns',
        'Contractors',
        'Apprentices',
        'Managers',
        'Shift workers',
      ],
    },
    columns: [
      {
        name: 'Annual leave',
        value: days,
        questions: ['How much leave do {key} get?', 'How many days off do {key} have?'],
      },
      {
        name: 'Notice period',
        value: (r) => `${r.between(1, 12)} weeks`,
        questions: ['What is the notice period for {key}?', 'How much notice do {key} have to give?'],
      },
      {
        name: 'Probation',
        value: months,
        questions: ['How long is the probation of {key}?', 'What is the probation period for {key}?'],
      },
    ],
  },
  {
    title: ['Approval limits', 'Spending limits', 'Who may approve'],
    key: {
      name: 'Role',
      values: ['Team lead', 'Department head', 'Director', 'CFO', 'Employee', 'Project manager', 'Office manager'],
    },
    columns: [
      {
        name: 'Limit per purchase',
        value: money,
        questions: [
          'How much may a {key} approve?',
          'What is the purchase limit of a {key}?',
          'Up to what amount can a {key} buy something?',
        ],
      },
      {
        name: 'Limit per year',
        value: money,
        questions: ['What can a {key} spend in a year?', 'What is the yearly limit for a {key}?'],
      },
      {
        name: 'Second signature',
        value: (r) => r.pick(['not needed', 'Finance', 'Director', 'CEO', 'Legal']),
        questions: ['Whose second signature does a {key} need?', 'Who has to sign as well for a {key}?'],
      },
    ],
  },
  {
    title: ['Retention periods', 'How long we keep records', 'Record retention'],
    key: {
      name: 'Record',
      values: [
        'Invoices',
        'Contracts',
        'Payroll records',
        'Job applications',
        'Access logs',
        'Backups',
        'Tax returns',
        'Emails',
        'Video recordings',
      ],
    },
    columns: [
      {
        name: 'Kept for',
        value: (r) => r.pick([`${r.between(1, 12)} years`, days(r), months(r)]),
        questions: ['How long are {key} kept?', 'How long do we keep {key}?', 'When can {key} be deleted?'],
      },
      {
        name: 'Owner',
        value: (r) => r.pick(['Finance', 'Legal', 'HR', 'IT', 'Security', 'Operations']),
        questions: ['Who owns {key}?', 'Which department is responsible for {key}?'],
      },
      {
        name: 'Place',
        value: (r) => r.pick(['archive server', 'filing room', 'cloud storage', 'HR system', 'safe']),
        questions: ['Where are {key} stored?', 'Where do I find {key}?'],
      },
    ],
  },
  {
    title: ['Per diem rates', 'Travel allowances', 'Daily allowance'],
    key: {
      name: 'Country',
      values: ['Germany', 'France', 'Japan', 'Spain', 'Canada', 'Brazil', 'Norway', 'Poland', 'Kenya', 'India'],
    },
    columns: [
      {
        name: 'Full day',
        value: money,
        questions: [
          'What is the daily allowance in {key}?',
          'How much do I get for a full day in {key}?',
          'per diem {key}',
        ],
      },
      {
        name: 'Half day',
        value: money,
        questions: ['What is the half-day rate for {key}?', 'How much is paid for half a day in {key}?'],
      },
      {
        name: 'Hotel limit',
        value: money,
        questions: ['How much may a hotel in {key} cost?', 'What is the hotel limit for {key}?'],
      },
    ],
  },
  {
    title: ['Equipment', 'Inventory', 'Devices'],
    key: {
      name: 'Item',
      values: [
        'Laptop',
        'Monitor',
        'Headset',
        'Docking station',
        'Phone',
        'Projector',
        'Desk chair',
        'Printer',
        'Webcam',
      ],
    },
    columns: [
      { name: 'Price', value: money, questions: ['What does a {key} cost?', 'How expensive is the {key}?'] },
      {
        name: 'In stock',
        value: count,
        questions: ['How many of the {key} are in stock?', 'What is the stock of the {key}?'],
      },
      {
        name: 'Replaced after',
        value: (r) => `${r.between(2, 8)} years`,
        questions: ['When is a {key} replaced?', 'How often do we replace the {key}?'],
      },
      {
        name: 'Warranty',
        value: months,
        questions: ['How long is the warranty on the {key}?', 'What warranty does the {key} have?'],
      },
    ],
  },
  {
    title: ['Service levels', 'Response times', 'Incident priorities'],
    key: { name: 'Priority', values: ['P1', 'P2', 'P3', 'P4', 'Critical', 'High', 'Medium', 'Low'] },
    columns: [
      {
        name: 'First response',
        value: (r) => r.pick([`${r.between(5, 55)} minutes`, `${r.between(1, 24)} hours`]),
        questions: ['How fast do we respond to {key}?', 'What is the first response time for {key}?'],
      },
      {
        name: 'Resolution',
        value: (r) => r.pick([`${r.between(2, 72)} hours`, days(r)]),
        questions: ['How quickly must {key} be solved?', 'What is the resolution time of {key}?'],
      },
      {
        name: 'Informed',
        value: (r) => r.pick(['team lead', 'on-call engineer', 'head of support', 'CTO', 'account manager']),
        questions: ['Who is informed about {key}?', 'Who has to know about a {key} incident?'],
      },
    ],
  },
  {
    title: ['Courses', 'Training catalogue', 'Workshops'],
    key: {
      name: 'Course',
      values: [
        'First aid',
        'Fire safety',
        'Data protection',
        'Forklift licence',
        'Project basics',
        'Spreadsheets',
        'Public speaking',
        'Negotiation',
      ],
    },
    columns: [
      {
        name: 'Duration',
        value: (r) => r.pick([`${r.between(1, 8)} hours`, `${r.between(1, 5)} days`]),
        questions: ['How long is the {key} course?', 'How long does {key} take?'],
      },
      { name: 'Trainer', value: person, questions: ['Who teaches {key}?', 'Who is the trainer for {key}?'] },
      { name: 'Fee', value: money, questions: ['What does the {key} course cost?', 'What is the fee for {key}?'] },
      {
        name: 'Room',
        value: (r) => `Room ${r.between(1, 5)}.${r.between(1, 30)}`,
        questions: ['Where does {key} take place?', 'In which room is {key}?'],
      },
    ],
  },
  {
    title: ['Benefits by region', 'Company contributions', 'Insurance'],
    key: {
      name: 'Benefit',
      values: [
        'Dental cover',
        'Gym membership',
        'Public transport',
        'Pension',
        'Meal vouchers',
        'Childcare',
        'Eye test',
        'Bike leasing',
      ],
    },
    columns: [
      {
        name: 'Company pays',
        value: percent,
        questions: ['What share of {key} does the company pay?', 'How much of {key} is paid by the company?'],
      },
      { name: 'Maximum', value: money, questions: ['What is the maximum for {key}?', 'Up to how much is {key} paid?'] },
      { name: 'Starts after', value: months, questions: ['When does {key} start?', 'After how long do I get {key}?'] },
    ],
  },
];

const asks = (template: string, key: string): string => {
  // Kinds of things are spoken of in small letters; names and codes are not.
  const common =
    /^[A-Z][a-z]+(?:[ -][a-z]+)*$/.test(key) &&
    !/^(?:Berlin|Lisbon|Toronto|Austin|Dublin|Osaka|Leeds|Lyon|Zurich|Nairobi|Germany|France|Japan|Spain|Canada|Brazil|Norway|Poland|Kenya|India|Free|Starter|Basic|Team|Pro|Business|Premium|Enterprise|Critical|High|Medium|Low)/.test(
      key,
    );
  return template.replace('{key}', common ? key.charAt(0).toLowerCase() + key.slice(1) : key);
};

/** One table, cut into its passages; questions whose cell lies in the passage, and some whose row or column does not. */
export function tableExamples(random: Random, ask: (question: string) => string): Example[] {
  const domain = random.pick(domains);
  const keys = random.shuffled(domain.key.values).slice(0, random.between(3, Math.min(9, domain.key.values.length)));
  const columns = random.shuffled(domain.columns).slice(0, random.between(1, domain.columns.length));
  const absentKeys = domain.key.values.filter((key) => !keys.includes(key));
  const absentColumns = domain.columns.filter((column) => !columns.includes(column));
  const cells = keys.map((key) => [key, ...columns.map((column) => column.value(random))]);
  const builder = createTextBuilder();
  builder.heading(1, random.pick(domain.title));
  if (random.chance(0.4))
    builder.paragraph(
      random.pick([
        'Valid from January.',
        'As of this year.',
        'Ask the office if something is missing.',
        'Changes are announced by email.',
      ]),
    );
  builder.table({ header: [domain.key.name, ...columns.map(({ name }) => name)], rows: cells });
  const extracted = builder.build();
  const table = extracted.blocks.find((block) => block.kind === 'table')!;
  if (table.kind !== 'table') return [];
  const examples: Example[] = [];
  for (const section of buildSections(extracted, { countTokens: roughTokens }))
    for (const { pieces, start, end } of section.passages) {
      const questions: ExampleQuestion[] = [];
      const none = (question: string) =>
        questions.push({ question: ask(question), form: 'none', spans: [], weight: 1 });
      table.rows.forEach((row, r) => {
        columns.forEach((column, c) => {
          const cell = row[c + 1]!;
          const question = asks(random.pick(column.questions), keys[r]!);
          const here = cell.start >= start && cell.end <= end;
          if (here && random.chance(0.45))
            questions.push({ question: ask(question), form: 'span', spans: [[cell.start, cell.end]], weight: 1 });
          else if (!here && random.chance(0.1)) none(question);
        });
        const unique = cells.filter((other) => other[1] === cells[r]![1]).length === 1;
        const key = row[0]!;
        if (unique && key.start >= start && key.end <= end && random.chance(0.12)) {
          const question = `Which ${domain.key.name.toLowerCase()} has ${cells[r]![1]} as ${columns[0]!.name.toLowerCase()}?`;
          questions.push({ question: ask(question), form: 'span', spans: [[key.start, key.end]], weight: 1 });
        }
      });
      if (absentKeys.length > 0 && random.chance(0.6))
        none(asks(random.pick(random.pick(columns).questions), random.pick(absentKeys)));
      if (absentColumns.length > 0 && random.chance(0.6))
        none(asks(random.pick(random.pick(absentColumns).questions), random.pick(keys)));
      const chosen = random.shuffled(questions).slice(0, 8);
      if (chosen.length > 0) examples.push({ pieces: [...pieces], questions: chosen });
    }
  return examples;
}
