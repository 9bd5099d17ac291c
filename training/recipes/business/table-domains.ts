/**
 * What the made-up tables are about: the words of their columns, how cells look, and how people ask for a cell. `{r}` is
 * the row's name, `{v}` a cell's value. The general wordings come on top (tables.ts).
 */
import type { Random } from '../../../src/random.ts';
import * as pool from './table-values.ts';

export interface Column {
  readonly headers: readonly string[];
  /** Makes the cells of one table alike: called once, gives a maker of cells. */
  readonly cells: (random: Random) => (row: string) => string;
  readonly ask: readonly string[];
  /** Which row has this value; only asked where one row has it. */
  readonly which?: readonly string[];
  /** Words for the row with the least and the greatest number. */
  readonly least?: string;
  readonly most?: string;
}

export interface Domain {
  readonly titles: readonly string[];
  readonly sections: readonly string[];
  readonly intros: readonly string[];
  readonly key: { readonly headers: readonly string[]; readonly noun: string; readonly names: readonly string[] };
  readonly columns: readonly Column[];
}

const column = (
  headers: string,
  cells: Column['cells'],
  ask: string,
  more: { which?: string; least?: string; most?: string } = {},
): Column => ({
  headers: headers.split('|'),
  cells,
  ask: ask.split('|'),
  ...(more.which ? { which: more.which.split('|') } : {}),
  ...(more.least ? { least: more.least } : {}),
  ...(more.most ? { most: more.most } : {}),
});
const always =
  (make: (random: Random, row: string) => string): Column['cells'] =>
  (random) =>
  (row) =>
    make(random, row);
const oneOf = (...items: string[]): Column['cells'] => always((random) => random.pick(items));
const count = (low: number, high: number, unit = ''): Column['cells'] =>
  always((random) => `${random.between(low, high)}${unit}`);
const price =
  (low: number, high: number): Column['cells'] =>
  (random) => {
    const style = random.pick(['$#', '# €', '€#', '£#', '$#.00', 'USD #']);
    return () => style.replace('#', () => pool.money(random, low, high));
  };
const hours: Column['cells'] = (random) => {
  const style = random.between(0, 2);
  return () =>
    `${pool.clock(random.between(6, 10), random.chance(0.4), style)}${random.pick(['–', ' - ', ' to '])}${pool.clock(random.between(15, 21), random.chance(0.4), style)}`;
};
const person: Column['cells'] = always((random) => pool.fullName(random));
const mail: Column['cells'] = always((random, row) => pool.email(random, row));
const team: Column['cells'] = always((random) => random.pick(pool.departments));
const domain = (
  titles: string,
  sections: string,
  intros: string,
  headers: string,
  noun: string,
  names: readonly string[],
  ...columns: Column[]
): Domain => ({
  titles: titles.split('|'),
  sections: sections.split('|'),
  intros: intros.split('|'),
  key: { headers: headers.split('|'), noun, names },
  columns,
});

export const domains: readonly Domain[] = [
  domain(
    'Pricing|Product guide|Sales handbook',
    'Plans and prices|Plans|Subscriptions',
    'All prices are without tax.|You can change your plan at any time.|Prices apply to new customers.',
    'Plan|Package|Tier',
    'plan',
    pool.plans,
    column(
      'Price per month|Monthly price|Per month',
      price(5, 400),
      'how much is {r} a month|what does the {r} plan cost per month|{r} monthly price|how much do I pay monthly for {r}|cost of {r}',
      {
        which: 'which plan costs {v} a month|which plan is {v}|what plan can I get for {v} per month',
        least: 'the cheapest plan per month',
        most: 'the most expensive plan per month',
      },
    ),
    column(
      'Users|Seats|Included users',
      count(1, 200),
      'how many users does {r} include|how many people can use the {r} plan|seats on {r}|number of users with {r}',
      { which: 'which plan has {v} users|which plan is for {v} people', most: 'the plan with the most users' },
    ),
    column(
      'Storage|Disk space',
      oneOf('5 GB', '10 GB', '50 GB', '100 GB', '250 GB', '500 GB', '1 TB', '2 TB'),
      'how much storage comes with {r}|how much space do I get on {r}|{r} storage limit',
      { which: 'which plan has {v} of storage|which plan comes with {v}' },
    ),
    column(
      'Support|Support level',
      oneOf('Email', 'Chat', 'Phone', '24/7 phone', 'Community forum', 'Dedicated manager', 'Business hours'),
      'what support does {r} have|what kind of support do I get with {r}|support for {r} customers',
      { which: 'which plan includes {v} support' },
    ),
    column(
      'Trial|Free trial',
      oneOf('7 days', '14 days', '30 days', 'None', '60 days'),
      'how long can I try {r}|how long is the trial of {r}|free trial for {r}',
    ),
  ),
  domain(
    'Office guide|Locations|Employee handbook',
    'Opening hours|Our offices|Where to find us',
    'Visitors register at the front desk.|On public holidays all offices are closed.|Please carry your badge.',
    'Office|Location|City|Site',
    'office',
    pool.cities,
    column(
      'Opening hours|Hours|Open',
      hours,
      'when is the {r} office open|what are the hours in {r}|opening times {r}|when can I get into the {r} office',
      { which: 'which office is open {v}' },
    ),
    column(
      'Closed on|Closing day',
      oneOf(...pool.days.slice(3), 'Saturday and Sunday', 'Sunday', 'Monday'),
      'when is {r} closed|which day is the {r} office shut|closing day {r}',
      { which: 'which office is closed on {v}' },
    ),
    column(
      'Phone|Telephone',
      always(pool.extension),
      'what is the phone number of the {r} office|number for {r}|how do I call {r}',
      { which: 'whose number is {v}' },
    ),
    column(
      'Office manager|Contact',
      person,
      'who runs the {r} office|who is the office manager in {r}|who do I contact in {r}',
      { which: 'where does {v} work|which office does {v} look after' },
    ),
    column(
      'Desks|Capacity|Seats',
      count(12, 260),
      'how many desks are there in {r}|how many people fit into {r}|size of the {r} office',
      { most: 'the biggest office by number of places', least: 'the smallest office by number of places' },
    ),
  ),
  domain(
    'Leave policy|Employee handbook|Time off',
    'Annual leave by group|Leave entitlement|Vacation days',
    'Leave is counted in working days.|The calendar year counts.|Ask your manager before you book.',
    'Group|Employee group|Who',
    'group',
    pool.staff,
    column(
      'Days per year|Annual leave|Vacation days',
      count(10, 35, ' days'),
      'how much annual leave do {r} get|how many days off do {r} have|holiday allowance {r}|vacation for {r}',
      {
        most: 'the group with the most leave',
        least: 'the group with the least leave',
        which: 'who gets {v} a year|which group has {v} of leave',
      },
    ),
    column(
      'After 5 years|From year 5|After five years',
      count(20, 42, ' days'),
      'how many days do {r} get after five years|leave of {r} after 5 years',
      { which: 'which group gets {v} after five years' },
    ),
    column(
      'Carry-over|Carried over|Can carry over',
      oneOf('None', '3 days', '5 days', '10 days', 'Until 31 March', 'Until 30 June', 'All days'),
      'how much leave can {r} carry over|can unused days of {r} be moved to the next year|carry-over for {r}',
    ),
    column(
      'Notice|Request ahead',
      oneOf('1 week', '2 weeks', '3 days', '4 weeks', '10 days', '24 hours'),
      'how early do {r} need to ask|how much notice do {r} have to give|notice for {r}',
    ),
  ),
  domain(
    'Leave policy|People handbook|Absence',
    'Kinds of leave|Special leave|Leave types',
    'Tell your manager as early as you can.|Leave is booked in the portal.',
    'Type|Leave|Reason',
    'kind of leave',
    pool.leaves,
    column(
      'Length|Days|Duration',
      oneOf('1 day', '2 days', '3 days', '5 days', '10 days', '12 weeks', '16 weeks', '6 months', '20 days', '25 days'),
      'how long is {r}|how many days do I get for {r}|{r} length|how much time off for {r}',
      { which: 'which leave is {v} long' },
    ),
    column(
      'Paid|Pay',
      oneOf('100 %', '80 %', '50 %', 'Unpaid', 'Full pay', 'Half pay'),
      'is {r} paid, and how much|what do I get paid during {r}|pay during {r}',
      { which: 'which leave is paid at {v}' },
    ),
    column(
      'Proof|Document needed',
      oneOf('Doctor’s note', 'None', 'Birth certificate', 'Court letter', 'Written request', 'Enrolment letter'),
      'what proof do I need for {r}|which document do I hand in for {r}|paperwork for {r}',
    ),
    column(
      'Approved by|Approver',
      oneOf('Manager', 'HR', 'Director', 'Team lead', 'Payroll', 'CEO'),
      'who approves {r}|who has to sign off {r}|who decides about {r}',
    ),
  ),
  domain(
    'Admin guide|Access control|Security handbook',
    'Limits by role|Roles|What each role may do',
    'Roles are assigned by the owner.|A user has one role.',
    'Role',
    'role',
    pool.roles,
    column(
      'Projects|Max. projects',
      oneOf('1', '3', '5', '10', '25', '50', 'Unlimited', '100'),
      'how many projects can a {r} create|project limit for {r}|max projects {r}',
      { which: 'which role can have {v} projects' },
    ),
    column(
      'Upload limit|Max. file size',
      oneOf('5 MB', '10 MB', '25 MB', '50 MB', '100 MB', '1 GB', '2 GB'),
      'how big may files of a {r} be|what is the upload limit for a {r}|largest file a {r} can upload',
      { which: 'which role may upload {v}' },
    ),
    column(
      'Can invite|Invites others',
      oneOf('Yes', 'No', 'With approval', 'Guests only'),
      'can a {r} invite others|may {r}s invite people',
    ),
    column(
      'Session timeout|Logged out after',
      oneOf('15 minutes', '30 minutes', '1 hour', '8 hours', '12 hours', '24 hours'),
      'when is a {r} logged out|how long does the session of a {r} last|timeout for {r}',
      { which: 'who is logged out after {v}' },
    ),
    column(
      'API calls per day|Daily requests',
      count(1, 90, '00'),
      'how many API calls can a {r} make per day|daily API limit of {r}',
      { most: 'the role with the most API calls' },
    ),
  ),
  domain(
    'Contacts|Who is who|Directory',
    'Departments|Contact persons|Teams',
    'For emergencies call 112.|Answers come within one working day.',
    'Department|Team|Area',
    'department',
    pool.departments,
    column(
      'Contact|Head|Contact person',
      person,
      'who heads {r}|who do I talk to in {r}|who is responsible for {r}|contact person for {r}',
      { which: 'what is {v} responsible for|which department does {v} belong to' },
    ),
    column(
      'Email|E-mail|Mail',
      mail,
      'what is the email of {r}|where do I write to {r}|{r} email address|how can I reach {r} by mail',
      { which: 'whose address is {v}' },
    ),
    column('Extension|Phone', always(pool.extension), 'what is the extension of {r}|how do I call {r}|{r} phone', {
      which: 'who has the number {v}',
    }),
    column(
      'Room|Floor',
      always((random) =>
        random.pick([
          `${random.between(1, 6)}.${random.between(10, 40)}`,
          `Floor ${random.between(1, 9)}`,
          `Building ${random.pick(['A', 'B', 'C', 'D'])}`,
        ]),
      ),
      'where is {r}|where do {r} sit|which room is {r} in',
      { which: 'who sits in {v}' },
    ),
    column(
      'Slack channel|Channel',
      always((_, row) => `#${row.toLowerCase().replace(/[^a-z]+/g, '-')}`),
      'which channel does {r} use|what is the Slack channel of {r}',
      { which: 'whose channel is {v}' },
    ),
  ),
  domain(
    'Training calendar|Onboarding|Learning',
    'Courses|Mandatory training|Schedule',
    'Register in the learning portal.|Certificates are sent by email.',
    'Course|Training',
    'course',
    pool.courses,
    column(
      'Date|Next date|Starts',
      always(pool.date),
      'when is the {r} course|when does {r} start|date of {r}|next {r} training',
      { which: 'which course is on {v}|what takes place on {v}' },
    ),
    column(
      'Length|Duration',
      oneOf('1 hour', '2 hours', 'Half a day', '1 day', '2 days', '90 minutes', '45 minutes', '3 hours'),
      'how long is {r}|how much time does {r} take|duration of {r}',
      { which: 'which course takes {v}' },
    ),
    column(
      'Repeat|Renewal|Repeated every',
      oneOf('Every year', 'Every 2 years', 'Every 3 years', 'Once', 'Every 6 months', 'Every 5 years'),
      'how often do I have to do {r}|when must {r} be repeated|renewal of {r}',
      { which: 'which course is repeated {v}' },
    ),
    column('Trainer|Instructor|Held by', person, 'who teaches {r}|who gives the {r} course|trainer for {r}', {
      which: 'what does {v} teach|which course does {v} give',
    }),
    column(
      'For|Audience',
      oneOf('Everyone', 'Managers', 'Warehouse staff', 'New hires', 'Engineers', 'Kitchen staff', 'Office staff'),
      'who has to take {r}|who is {r} for',
      { which: 'which course is for {v}' },
    ),
  ),
  domain(
    'Equipment|IT handbook|Hardware',
    'Standard equipment|Devices|What you get',
    'Order in the service desk.|Devices stay property of the company.',
    'Device|Item|Equipment',
    'item',
    pool.devices,
    column(
      'Budget|Maximum price|Up to',
      price(20, 2500),
      'how much may a {r} cost|what is the budget for a {r}|{r} budget|how much can I spend on a {r}',
      {
        least: 'the item with the smallest budget',
        most: 'the item with the biggest budget',
        which: 'which item may cost {v}',
      },
    ),
    column(
      'Replaced after|Lifetime|Replacement',
      oneOf('1 year', '2 years', '3 years', '4 years', '5 years', '6 years', 'When broken'),
      'when do I get a new {r}|how long must a {r} last|after how long is the {r} replaced',
      { which: 'what is replaced after {v}' },
    ),
    column(
      'Model|Type',
      always(
        (random, row) =>
          `${random.pick(['Lenovo', 'Dell', 'HP', 'Logitech', 'Jabra', 'Apple', 'Samsung', 'Brother'])} ${row.charAt(0).toUpperCase()}${random.between(10, 99)}0`,
      ),
      'which {r} do we use|what model is the {r}|{r} model',
      { which: 'what is the {v}' },
    ),
    column(
      'Approval|Approved by',
      oneOf('Manager', 'IT', 'Finance', 'None', 'Team lead', 'Director'),
      'who has to approve a {r}|whose approval do I need for a {r}',
    ),
    column(
      'Delivery|Delivery time',
      oneOf('2 days', '3 days', '1 week', '2 weeks', '5 working days', 'Same day'),
      'how long does it take to get a {r}|how fast is a {r} delivered|delivery time {r}',
      { which: 'what is delivered within {v}' },
    ),
  ),
  domain(
    'Data retention|Records policy|Privacy',
    'Retention periods|How long we keep data|Schedule',
    'After that, data is deleted.|The period starts at the end of the year.',
    'Record|Data|Type of data',
    'record',
    pool.records,
    column(
      'Kept for|Retention|Retention period',
      oneOf(
        '30 days',
        '90 days',
        '6 months',
        '1 year',
        '2 years',
        '3 years',
        '5 years',
        '6 years',
        '7 years',
        '10 years',
        '18 months',
      ),
      'how long do we keep {r}|how long are {r} stored|when are {r} deleted|retention of {r}',
      { which: 'what is kept for {v}|which records are stored for {v}' },
    ),
    column('Owner|Responsible', team, 'who owns {r}|which department is responsible for {r}|who looks after {r}', {
      which: 'which records belong to {v}',
    }),
    column(
      'Stored in|System|Place',
      oneOf('Cloud drive', 'CRM', 'Archive', 'HR system', 'SIEM', 'Data warehouse', 'Safe', 'Ticket system'),
      'where are {r} stored|where do we keep {r}|place of {r}',
      { which: 'what is stored in the {v}' },
    ),
    column(
      'Class|Classification',
      oneOf('Public', 'Internal', 'Confidential', 'Restricted', 'Secret'),
      'how are {r} classified|how confidential are {r}|class of {r}',
    ),
  ),
  domain(
    'Travel policy|Finance guide|Expenses',
    'Rates by country|Daily allowance|Per diem',
    'Half of the rate applies on travel days.|Keep your receipts.',
    'Country|Destination',
    'country',
    pool.countries,
    column(
      'Daily rate|Per day|Allowance per day',
      price(18, 95),
      'what is the per diem for {r}|how much do I get per day in {r}|{r} daily allowance',
      {
        which: 'for which country is the rate {v}|where do I get {v} a day',
        least: 'the country with the lowest daily rate',
        most: 'the country with the highest daily rate',
      },
    ),
    column(
      'Hotel limit|Hotel up to|Max. hotel',
      price(70, 290),
      'how much may a hotel in {r} cost|what is the hotel limit in {r}|hotel budget {r}',
      { which: 'where may a hotel cost {v}' },
    ),
    column(
      'VAT|Tax rate',
      oneOf('5 %', '7.7 %', '19 %', '20 %', '21 %', '22 %', '23 %', '25 %', '16 %', '10 %'),
      'what is the VAT in {r}|how high is the tax rate in {r}|VAT {r}',
      { which: 'which country has {v} VAT' },
    ),
    column(
      'Currency|Paid in',
      oneOf('EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD', 'SEK'),
      'in which currency is {r} paid|currency for {r}',
    ),
  ),
  domain(
    'Expenses|Travel and expenses|Finance handbook',
    'What is reimbursed|Limits|Expense categories',
    'Hand in receipts within 30 days.|Above the limit, ask first.',
    'Category|Expense|What',
    'expense',
    pool.expenses,
    column(
      'Limit|Maximum|Up to',
      price(10, 1800),
      'how much can I spend on {r}|what is the limit for {r}|max for {r}|how much is reimbursed for {r}',
      {
        which: 'which expense has a limit of {v}',
        most: 'the expense with the highest limit',
        least: 'the expense with the lowest limit',
      },
    ),
    column(
      'Per|Period',
      oneOf('Month', 'Year', 'Day', 'Night', 'Trip', 'Quarter'),
      'is the limit for {r} per month or per year|per what is the {r} limit',
    ),
    column(
      'Receipt|Receipt needed',
      oneOf('Always', 'Over $25', 'Over 50 €', 'Never', 'Over $75'),
      'do I need a receipt for {r}|when is a receipt needed for {r}',
    ),
    column(
      'Approved by|Approval',
      oneOf('Manager', 'Finance', 'Director', 'Nobody', 'CFO', 'HR'),
      'who approves {r}|who signs off on {r}',
      { which: 'what does the {v} approve' },
    ),
  ),
  domain(
    'Incident response|On-call guide|Support handbook',
    'Severity levels|Response times|Levels',
    'The on-call engineer sets the level.|Levels can change during an incident.',
    'Severity|Level',
    'level',
    [...pool.severities, ...pool.priorities],
    column(
      'First response|Response time|Respond within',
      oneOf(
        '5 minutes',
        '15 minutes',
        '30 minutes',
        '1 hour',
        '4 hours',
        '8 hours',
        '1 business day',
        '2 business days',
      ),
      'how fast do we respond to {r}|what is the response time for {r}|{r} response|how soon must someone answer a {r} incident',
      { which: 'which level must be answered within {v}' },
    ),
    column(
      'Resolution|Fixed within|Target',
      oneOf('2 hours', '4 hours', '8 hours', '24 hours', '3 days', '5 days', '2 weeks', 'Next release'),
      'how fast must {r} be fixed|resolution time of {r}|by when is a {r} solved',
      { which: 'what must be fixed within {v}' },
    ),
    column(
      'Who is paged|Notify|Escalate to',
      oneOf('On-call engineer', 'CTO', 'Support lead', 'Nobody', 'Duty manager', 'Security team'),
      'who is called for {r}|who do we notify about {r}|who gets paged at {r}',
      { which: 'when is the {v} notified' },
    ),
    column(
      'Updates|Update every',
      oneOf('Every 15 minutes', 'Every 30 minutes', 'Hourly', 'Every 4 hours', 'Daily', 'Weekly'),
      'how often are updates sent for {r}|update interval for {r}',
    ),
  ),
  domain(
    'Service catalogue|Runbook|Operations',
    'Services|Ownership|Availability',
    'Maintenance is announced two days before.|Times are in UTC.',
    'Service|System',
    'service',
    pool.services,
    column('Owner|Team', team, 'who owns the {r}|which team runs the {r}|owner of {r}', {
      which: 'which service does {v} own',
    }),
    column(
      'Availability|SLA|Uptime',
      oneOf('99 %', '99.5 %', '99.9 %', '99.95 %', '99.99 %', '98 %'),
      'what is the SLA of the {r}|what uptime do we promise for the {r}|availability {r}',
      { which: 'which service has an availability of {v}' },
    ),
    column(
      'Maintenance|Maintenance window',
      always((random) => `${random.pick(pool.days)} ${pool.clock(random.between(0, 6), random.chance(0.3), 0)}`),
      'when is maintenance of the {r}|when can the {r} be down|maintenance window {r}',
      { which: 'what is maintained on {v}' },
    ),
    column(
      'Port',
      always((random) => String(random.between(3000, 9400))),
      'which port does the {r} use|port of {r}',
      { which: 'what runs on port {v}' },
    ),
    column(
      'Backup|Backed up',
      oneOf('Hourly', 'Daily', 'Weekly', 'Every 6 hours', 'Monthly', 'Never'),
      'how often is the {r} backed up|backup of {r}',
    ),
  ),
  domain(
    'Meeting rooms|Office handbook|Facilities',
    'Rooms|Room list',
    'Book in the calendar.|Leave rooms as you found them.',
    'Room',
    'room',
    pool.rooms,
    column(
      'Seats|Capacity|People',
      count(2, 40),
      'how many people fit in {r}|how many seats does {r} have|capacity of {r}',
      { most: 'the biggest room', least: 'the smallest room', which: 'which room has {v} seats' },
    ),
    column(
      'Floor',
      oneOf('Ground floor', '1st floor', '2nd floor', '3rd floor', '4th floor', 'Basement'),
      'where is {r}|which floor is {r} on',
      { which: 'which room is on the {v}' },
    ),
    column(
      'Equipment|Has',
      oneOf('Projector', 'Whiteboard', 'Video conference', 'TV', 'Flip chart', 'Phone only', 'None'),
      'what equipment is in {r}|what does room {r} have',
      { which: 'which room has a {v}' },
    ),
    column('Price per hour|Hourly rate', price(8, 90), 'what does {r} cost per hour|hourly price of {r}', {
      least: 'the cheapest room per hour',
    }),
  ),
  domain(
    'Product catalogue|Price list|Shop',
    'Products|Price list|Items',
    'Prices include VAT.|Delivery is free above 50 €.',
    'Product|Item|Article',
    'product',
    pool.products,
    column('Price|Retail price', price(9, 900), 'how much is the {r}|price of {r}|what does the {r} cost', {
      least: 'the cheapest product',
      most: 'the most expensive product',
      which: 'which product costs {v}',
    }),
    column(
      'Warranty|Guarantee',
      oneOf('6 months', '1 year', '2 years', '3 years', '5 years', '10 years'),
      'how long is the warranty on the {r}|guarantee for {r}',
      { which: 'which product has a warranty of {v}' },
    ),
    column(
      'Weight',
      always((random) =>
        random.pick([`${random.between(1, 24)}.${random.between(1, 9)} kg`, `${random.between(120, 980)} g`]),
      ),
      'how heavy is the {r}|what does the {r} weigh',
      { which: 'what weighs {v}' },
    ),
    column('In stock|Stock', count(3, 800), 'how many {r} are in stock|stock of {r}', {
      most: 'the product with the most pieces in stock',
    }),
    column(
      'Colours|Color',
      oneOf('Black', 'White', 'Black, white', 'Silver', 'Red, blue', 'Green', 'Grey'),
      'what colour does the {r} come in|colours of {r}',
    ),
    column(
      'SKU|Article no.',
      always((random) => `${random.pick(['A', 'K', 'T', 'X'])}${random.between(10, 99)}-${random.between(100, 999)}`),
      'what is the article number of the {r}|sku {r}',
      { which: 'what is {v}|which product has the number {v}' },
    ),
  ),
  domain(
    'Recycling|Facilities|Waste guide',
    'Where things go|Waste separation',
    'Bins are emptied every morning.',
    'Material|Waste',
    'material',
    pool.materials,
    column(
      'Bin|Container',
      oneOf('Blue bin', 'Green bin', 'Yellow bin', 'Grey bin', 'Red box', 'Brown bin'),
      'where do I put {r}|which bin is for {r}|where does {r} go',
      { which: 'what goes into the {v}' },
    ),
    column('Collected on|Pick-up', oneOf(...pool.days.slice(0, 5)), 'when is {r} collected|pick-up day for {r}', {
      which: 'what is picked up on {v}',
    }),
    column('Contact', person, 'who do I ask about {r}|contact for {r}', { which: 'what is {v} the contact for' }),
  ),
  domain(
    'Permissions|Admin guide|Roles and rights',
    'Who may do what|Permissions',
    'Owners can do everything.',
    'Permission|Action',
    'action',
    pool.permissions,
    column('Viewer|Viewers', oneOf('Yes', 'No', 'Own only'), 'can a viewer do “{r}”|is “{r}” allowed for viewers'),
    column(
      'Editor|Editors',
      oneOf('Yes', 'No', 'Own only', 'With approval'),
      'can editors do “{r}”|may an editor do “{r}”',
    ),
    column('Admin|Admins', oneOf('Yes', 'No', 'With approval'), 'can admins do “{r}”|is an admin allowed to do “{r}”'),
    column(
      'Since version|Available since',
      always((random) => `${random.between(1, 9)}.${random.between(0, 19)}`),
      'since which version is there “{r}”|when was “{r}” added',
      { which: 'which permission came with version {v}' },
    ),
  ),
  domain(
    'Shift plan|Rota|Working hours',
    'Weekly schedule|Shifts',
    'Swaps must be agreed a day before.',
    'Day|Weekday',
    'day',
    pool.days,
    column('Early shift|Morning', person, 'who has the early shift on {r}|who works on {r} morning|{r} early shift', {
      which: 'on which day does {v} have the early shift|when does {v} work in the morning',
    }),
    column('Late shift|Evening', person, 'who works late on {r}|who has the late shift on {r}|{r} late shift', {
      which: 'on which day does {v} work late',
    }),
    column(
      'Opens|Opening',
      always((random) => pool.clock(random.between(6, 11), random.chance(0.4), 1)),
      'when do we open on {r}|opening time on {r}',
      { which: 'on which day do we open at {v}' },
    ),
    column(
      'Lunch|Menu',
      oneOf(
        'Lasagne',
        'Vegetable curry',
        'Fish and chips',
        'Salad bowl',
        'Lentil soup',
        'Burrito',
        'Pasta',
        'Stir-fry',
      ),
      'what is for lunch on {r}|{r} menu',
      { which: 'when do we have {v}' },
    ),
  ),
  domain(
    'Benefits|Benefits guide|Compensation',
    'Allowances by level|Bonus and benefits',
    'Levels are reviewed in April.',
    'Level|Grade',
    'level',
    ['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7', 'Junior', 'Senior', 'Staff', 'Principal', 'Director'],
    column(
      'Salary range|Salary|Annual salary',
      always((random) => {
        const low = random.between(30, 140);
        return `$${low},000–$${low + random.between(8, 40)},000`;
      }),
      'how much does {r} earn|salary of {r}|pay range for {r}',
      { which: 'which level earns {v}' },
    ),
    column(
      'Bonus|Target bonus',
      count(2, 35, ' %'),
      'how high is the bonus at {r}|bonus for {r}|what bonus does {r} get',
      { which: 'which level has a bonus of {v}', most: 'the level with the highest bonus' },
    ),
    column(
      'Learning budget|Training budget',
      price(200, 4000),
      'how much can {r} spend on learning|training budget {r}',
      { which: 'which level has a learning budget of {v}' },
    ),
    column(
      'Notice period|Notice',
      oneOf('2 weeks', '1 month', '2 months', '3 months', '6 months'),
      'what is the notice period at {r}|how much notice for {r}',
    ),
  ),
];
