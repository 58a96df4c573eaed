/// What a parquet file may ask of this reader; a file that asks for more is refused.
///
/// A column that is being read holds one compressed and one decompressed page, its dictionary
/// and its levels: with these limits, and the budget that all columns of a row share, reading
/// never takes more than about 1 GiB, and that only for a file built to reach it.
package enum ParquetLimits {
  package static let footerBytes = 128 << 20
  package static let pageHeaderBytes = 16 << 20
  /// Of one page, compressed or decompressed.
  package static let pageBytes = 256 << 20
  package static let valuesPerPage = 1 << 24
  package static let nestingDepth = 64
  /// One row made of nested columns, counted in values.
  package static let valuesPerRow = 1 << 22
}
