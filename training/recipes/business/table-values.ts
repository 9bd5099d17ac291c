/** Names and values that fill the made-up tables. */
import type { Random } from '../../../src/random.ts';

export const cities =
  'Berlin,Lisbon,Toronto,Dublin,Austin,Singapore,Nairobi,Warsaw,Madrid,Oslo,Chicago,Melbourne,Osaka,Lyon,Denver,Leeds,Porto,Vienna,Zurich,Tallinn,Bristol,Ghent,Montreal,Seattle,Pune,Cape Town,Lima,Aarhus'.split(
    ',',
  );
export const countries =
  'Germany,Portugal,Canada,Ireland,Japan,Kenya,Poland,Spain,Norway,Australia,France,India,Brazil,Mexico,Italy,Sweden,Denmark,Estonia,Belgium,Austria,Chile,Singapore,Switzerland,Finland,Greece,Peru,Ghana,Vietnam'.split(
    ',',
  );
const firstNames =
  'Ana,Tomasz,Priya,Jonas,Mei,Sofia,Liam,Fatima,Noah,Elena,Kwame,Ingrid,Diego,Hannah,Yusuf,Chloe,Marek,Aisha,Lukas,Nadia,Oscar,Ruth,Samir,Greta,Hugo,Leila,Peter,Wanda,Ivo,Carmen'.split(
    ',',
  );
const lastNames =
  'Novak,Silva,Berg,Okafor,Tanaka,Kowalski,Meyer,Rossi,Patel,Larsen,Garcia,Dubois,Murphy,Haddad,Fischer,Lopez,Jansen,Weber,Costa,Nowak,Singh,Moreau,Keller,Banda,Holm,Ortiz,Brandt,Vega,Lind,Marsh'.split(
    ',',
  );
export const roles =
  'Administrator,Editor,Viewer,Guest,Owner,Contributor,Auditor,Billing manager,Support agent,Developer,Moderator,Intern,Contractor,Team lead'.split(
    ',',
  );
export const departments =
  'Finance,Legal,Human Resources,Engineering,Marketing,Sales,Customer Support,IT,Operations,Facilities,Procurement,Design,Security,Logistics,Research,Payroll'.split(
    ',',
  );
export const plans =
  'Free,Starter,Basic,Team,Pro,Business,Premium,Enterprise,Plus,Growth,Scale,Solo,Family,Student,Nonprofit,Agency'.split(
    ',',
  );
export const staff =
  'Full-time employees,Part-time employees,Interns,Contractors,Managers,Apprentices,Trainees,Directors,Temporary staff,Executives,Shift workers,Field staff,Volunteers,Fellows'.split(
    ',',
  );
export const rooms =
  'Atlas,Birch,Cedar,Delta,Ember,Falcon,Garden,Harbour,Iris,Juniper,Lagoon,Maple,Nova,Orchid,Quartz,Sierra,Topaz,Willow,Aurora,Boardroom'.split(
    ',',
  );
export const days = 'Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday'.split(',');
export const months = 'January,February,March,April,May,June,July,August,September,October,November,December'.split(
  ',',
);
export const devices =
  'Laptop,Monitor,Docking station,Headset,Webcam,Keyboard,Office chair,Standing desk,Mobile phone,Tablet,Printer,Projector,Badge reader,Router,Microphone,Label printer'.split(
    ',',
  );
export const records =
  'Invoices,Payroll records,Job applications,Employment contracts,Access logs,Support tickets,Customer contracts,Backups,Email,Video recordings,Tax returns,Training records,Expense reports,Audit reports,Chat messages,Visitor logs,Medical certificates,Meeting minutes'.split(
    ',',
  );
export const services =
  'Billing API,Search,Login service,Data warehouse,Mail gateway,Web shop,Mobile app,Reporting,File storage,Payment gateway,Help centre,Job scheduler,Image service,Notification service,Partner portal,Status page'.split(
    ',',
  );
export const expenses =
  'Hotel,Meals,Train tickets,Flights,Taxi,Home office,Books,Conference,Internet,Mileage,Parking,Client dinner,Software,Gym,Language course,Coworking'.split(
    ',',
  );
export const courses =
  'Fire safety,First aid,Data protection,Anti-harassment,Secure coding,Forklift driving,Food hygiene,Leadership basics,Phishing awareness,Export control,Lone working,Project management,Customer service,Ladder safety'.split(
    ',',
  );
export const products =
  'AeroPress 20,Kestrel X1,Nimbus 300,Orion Lite,PolarBox,Quanta S,RapidScan,Solis Mini,TerraPump,UltraSeal,Vortex 9,WaveNet Pro,Zephyr Fan,Lumen Desk,GripMax,EcoKettle'.split(
    ',',
  );
export const severities = 'SEV-1,SEV-2,SEV-3,SEV-4,SEV-5'.split(',');
export const priorities = 'Critical,High,Medium,Low,Planned'.split(',');
export const leaves =
  'Annual leave,Sick leave,Parental leave,Bereavement leave,Jury duty,Study leave,Volunteering,Moving day,Wedding leave,Unpaid leave,Compassionate leave,Military leave,Caregiver leave,Sabbatical'.split(
    ',',
  );
export const materials =
  'Paper,Glass,Batteries,Cardboard,Food waste,Toner cartridges,Plastic bottles,Electronics,Light bulbs,Wood,Metal cans,Textiles'.split(
    ',',
  );
export const permissions =
  'View reports,Export data,Invite users,Delete projects,Edit billing,Create tokens,Approve expenses,Change roles,Publish pages,Read audit logs,Reset passwords,Manage webhooks'.split(
    ',',
  );

export const fullName = (random: Random): string => `${random.pick(firstNames)} ${random.pick(lastNames)}`;
export const email = (random: Random, word: string): string =>
  `${word.toLowerCase().replace(/[^a-z]+/g, '-')}@${random.pick(['example.com', 'acme.test', 'northwind.example', 'corp.example', 'harbor.example'])}`;
export const extension = (random: Random): string =>
  random.pick([
    `ext. ${random.between(100, 999)}`,
    String(random.between(2000, 8999)),
    `+44 20 7946 0${random.between(100, 999)}`,
    `555-0${random.between(100, 199)}`,
  ]);
export const money = (random: Random, low: number, high: number): string => {
  const value = random.between(low, high);
  const amount =
    value >= 1000
      ? (Math.round(value / 50) * 50).toLocaleString('en')
      : String(value >= 100 ? Math.round(value / 5) * 5 : value);
  return amount;
};
export const clock = (hour: number, half: boolean, style: number): string => {
  const minutes = half ? '30' : '00';
  if (style === 0) return `${String(hour).padStart(2, '0')}:${minutes}`;
  const twelve = ((hour + 11) % 12) + 1;
  return `${twelve}${half ? ':30' : style === 1 ? '' : ':00'} ${hour < 12 ? 'am' : 'pm'}`;
};
export const date = (random: Random): string => {
  const [day, month] = [random.between(1, 28), random.pick(months)];
  return random.pick([
    `${day} ${month}`,
    `${month} ${day}`,
    `${day} ${month} ${random.between(2023, 2027)}`,
    `2026-${String(months.indexOf(month) + 1).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
  ]);
};
