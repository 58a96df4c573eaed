/// The footer of a parquet file, as far as reading values needs it.
struct ParquetMetadata: Sendable {
  var schema: [SchemaElement] = []
  var rowCount = 0
  var rowGroups: [RowGroup] = []
  var createdBy: String?

  struct SchemaElement: Sendable {
    var name = ""
    var type: ParquetType?
    var typeLength = 0
    var repetition: Repetition = .required
    var childCount = 0
    var annotation: Annotation = .none
  }

  enum Repetition: Int, Sendable {
    case required, optional, repeated
  }

  /// What a column's bytes mean, from the logical type or, in older files, the converted type.
  enum Annotation: Sendable, Hashable {
    case none, string, list, map
    case unsigned(bits: Int)
    case decimal(scale: Int)
    case float16
    case date
    case other(String)
  }

  struct RowGroup: Sendable {
    var columns: [ColumnChunk] = []
    var rowCount = 0
    var byteCount = 0
  }

  struct ColumnChunk: Sendable {
    var type: ParquetType = .boolean
    var codec: ParquetCodec = .uncompressed
    /// Bit e is set where encoding e occurs; a mask, because a footer may hold a million chunks.
    var encodings: UInt32 = 0
    var valueCount = 0
    var compressedSize = 0
    var uncompressedSize = 0
    var dataPageOffset = 0
    var dictionaryPageOffset: Int?
  }
}

package enum ParquetType: Int, Sendable, Hashable {
  case boolean, int32, int64, int96, float, double, byteArray, fixedLengthByteArray

  /// Bytes a value takes; 0 where that is not fixed by the type alone.
  var width: Int {
    switch self {
    case .boolean: 1
    case .int32, .float: 4
    case .int64, .double: 8
    case .int96: 12
    case .byteArray, .fixedLengthByteArray: 0
    }
  }

  package var name: String {
    switch self {
    case .boolean: "BOOLEAN"
    case .int32: "INT32"
    case .int64: "INT64"
    case .int96: "INT96"
    case .float: "FLOAT"
    case .double: "DOUBLE"
    case .byteArray: "BYTE_ARRAY"
    case .fixedLengthByteArray: "FIXED_LEN_BYTE_ARRAY"
    }
  }
}

package enum ParquetCodec: Int, Sendable, Hashable, CustomStringConvertible {
  case uncompressed = 0, snappy = 1, gzip = 2, brotli = 4, lz4 = 5, zstd = 6, lz4Raw = 7

  package var description: String {
    switch self {
    case .uncompressed: "UNCOMPRESSED"
    case .snappy: "SNAPPY"
    case .gzip: "GZIP"
    case .brotli: "BROTLI"
    case .lz4: "LZ4"
    case .zstd: "ZSTD"
    case .lz4Raw: "LZ4_RAW"
    }
  }
}

/// Encodings of values, by the numbers of the parquet format.
package enum ParquetEncoding: Int, Sendable, Hashable {
  case plain = 0
  case plainDictionary = 2
  case rle = 3
  case bitPacked = 4
  case deltaBinaryPacked = 5
  case deltaLengthByteArray = 6
  case deltaByteArray = 7
  case rleDictionary = 8
  case byteStreamSplit = 9

  package var name: String {
    switch self {
    case .plain: "PLAIN"
    case .plainDictionary: "PLAIN_DICTIONARY"
    case .rle: "RLE"
    case .bitPacked: "BIT_PACKED"
    case .deltaBinaryPacked: "DELTA_BINARY_PACKED"
    case .deltaLengthByteArray: "DELTA_LENGTH_BYTE_ARRAY"
    case .deltaByteArray: "DELTA_BYTE_ARRAY"
    case .rleDictionary: "RLE_DICTIONARY"
    case .byteStreamSplit: "BYTE_STREAM_SPLIT"
    }
  }
}
