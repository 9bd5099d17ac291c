/** How much of a file is worth reading. Numbers only; who checks them says so. */

/** Characters of canonical text: some 2,000 book pages, an hour of indexing. More is cut, with a warning. */
export const maxCharacters = 5_000_000;

/** Pages of a PDF or slides. */
export const maxPages = 3_000;

/** Rows of one sheet or CSV file. */
export const maxRows = 100_000;

/** Files inside an office document; large slide decks have some hundreds. */
export const maxZipEntries = 10_000;

/** Unpacked bytes of an office document, pictures included. */
export const maxUnpackedBytes = 512 * 1024 * 1024;

/** Unpacked ÷ packed bytes. Sheets of repeated values reach 60; deflate ends at 1,032. */
export const maxZipRatio = 150;

/** Below this many unpacked bytes the ratio doesn't matter. */
export const ratioFromBytes = 16 * 1024 * 1024;

/** A document (1) may hold an embedded document (2); archives below that are suspicious. */
export const maxZipDepth = 2;

/** An embedded archive larger than this is not looked into, and so not accepted. */
export const maxNestedBytes = 64 * 1024 * 1024;
