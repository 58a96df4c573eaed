/// What a parquet file may ask of this reader; a file that asks for more is refused.
///
/// A column that is being read holds one compressed and one decompressed page, its dictionary
/// and its levels; all columns that are read together share `memoryBytes`. Beside the pages there is
/// one row as values, `rowBytes` of texts and numbers, and its JSON in blocks of a megabyte. A common
/// file takes a few MiB; only a file built for it comes near the bound.
package enum ParquetLimits {
  package static let footerBytes = 64 << 20
  package static let schemaElements = 100_000
  /// Of one name in the schema.
  package static let nameBytes = 64 << 10
  /// Of the leaves' names, each with those of all groups around it: a few long names around many
  /// leaves would grow without a bound.
  package static let pathBytes = 64 << 20
  package static let rowGroups = 1_000_000
  package static let pageHeaderBytes = 16 << 20
  /// Of one page, compressed or decompressed.
  package static let pageBytes = 256 << 20
  /// Of all pages, dictionaries and levels in memory at a time.
  package static let memoryBytes = 1 << 30
  package static let valuesPerPage = 1 << 24
  package static let nestingDepth = 64
  /// One row made of nested columns, counted in values.
  package static let valuesPerRow = 1 << 22
  /// One row as values: its texts, and `bytesPerValue` for each value, list and structure.
  package static let rowBytes = 256 << 20
  static let bytesPerValue = 32
  /// Of each member of a structure, in place of which a few bytes of the file can ask for many.
  static let bytesPerMember = 64
}
