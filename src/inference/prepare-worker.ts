/** Builds one prepared graph and ends. */
import { carryOut } from './errand.ts';
import { prepare } from './graph/prepared.ts';

carryOut(prepare);
