/** Matrices in eight bits with a scale per column, for the frozen part of a training graph. */

export interface Quantised {
  /** [rows, columns] */
  readonly values: Int8Array;
  /** [columns] */
  readonly scales: Float32Array;
}

const largest = 127;

/** Symmetric, rounded to nearest. @param matrix [rows, columns] */
export function quantiseColumns(matrix: Float32Array, rows: number, columns: number): Quantised {
  const scales = new Float32Array(columns);
  for (let row = 0, at = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1, at += 1) {
      const size = Math.abs(matrix[at]!);
      if (size > scales[column]!) scales[column] = size;
    }
  for (let column = 0; column < columns; column += 1) scales[column] = scales[column]! / largest || 1;
  const values = new Int8Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1, at += 1) values[at] = Math.round(matrix[at]! / scales[column]!);
  return { values, scales };
}

export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) out[column * rows + row] = matrix[row * columns + column]!;
  return out;
}
