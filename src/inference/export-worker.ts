/** Writes one exported model and ends. */
import { writeExport } from './checkpoint/export.ts';
import { carryOut } from './errand.ts';

carryOut(writeExport);
