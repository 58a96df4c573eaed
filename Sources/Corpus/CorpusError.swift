/// Why a corpus file can't be read or written, with the place of the fault.
package enum CorpusError: Error, Sendable, Hashable {
  /// A system call on `path` failed with this `errno`.
  case system(path: String, operation: Operation, code: Int32)
  /// A pipe, a device or a socket, which has no size and can't be read at an offset.
  case notRegular(path: String)
  case parquet(path: String, place: ParquetPlace, fault: ParquetFault)
  /// A line of a text or JSONL file; line and column are 1-based, the column counts bytes.
  case line(path: String, line: Int, column: Int, fault: LineFault)
  case tokenShard(path: String, fault: TokenShardFault)
  /// The file has no column of that name.
  case missingColumn(path: String, column: String, available: NameList)
  /// The name fits several columns; `candidates` are such that fit one each.
  case ambiguousColumn(path: String, column: String, candidates: NameList)
  /// The column exists but holds something else than one text a row.
  case notText(path: String, column: String)
  /// The caller asked to stop.
  case cancelled
  /// The file's kind is not known from its name or first bytes.
  case unknownFileKind(path: String)
  /// The file's kind is known, and its reader takes others.
  case wrongFileKind(path: String, found: CorpusFileKind, accepted: [CorpusFileKind])
  /// None of the paths holds a file of these kinds.
  case nothingToRead(paths: [String], accepted: [CorpusFileKind])
  /// Neither the columns nor the fields are those of a known kind of conversations.
  case unknownConversationFormat(path: String, columns: [String])
  /// A row of a task data set that breaks its format; `row` is 0-based.
  case row(path: String, row: Int, fault: LineFault)
  /// A generator or mixture that can't be made as asked.
  case generator(GeneratorFault)

  package enum Operation: String, Sendable, Hashable {
    case open, read, write, status = "look at", list, map, synchronise
  }
}

/// The first of some names, as many as a message shows: a file may have a hundred thousand.
package struct NameList: Sendable, Hashable, ExpressibleByArrayLiteral {
  static let shown = 12

  let first: [String]
  let count: Int

  /// `names` is asked for those alone that are shown.
  init(_ names: some Collection<String>) {
    first = Array(names.prefix(Self.shown))
    count = names.count
  }

  package init(arrayLiteral names: String...) { self.init(names) }
}

/// Where in a parquet file something is wrong; nil parts are not known or do not apply.
package struct ParquetPlace: Sendable, Hashable {
  package var rowGroup: Int?
  package var column: String?
  package var page: Int?

  package init(rowGroup: Int? = nil, column: String? = nil, page: Int? = nil) {
    self.rowGroup = rowGroup
    self.column = column
    self.page = page
  }
}

/// What is wrong with a parquet file.
package enum ParquetFault: Error, Sendable, Hashable {
  case notParquet
  /// It begins as parquet and does not end so.
  case cutShort
  /// Rows of nothing.
  case noColumns(rows: Int)
  case encrypted
  /// The bytes end inside this part.
  case truncated(Part)
  /// A count, length, offset or code in this part that can't be.
  case invalid(Part, value: Int)
  case missing(Part)
  case tooLarge(Part, size: Int, limit: Int)
  case unsupportedCodec(Int)
  case unsupportedEncoding(Int)
  case decompression(ParquetCodec)
  case decompressedSize(expected: Int, found: Int)
  case checksum(stored: UInt32, computed: UInt32)
  case dictionaryIndex(Int, count: Int)
  /// `value` is the index among the page's values, nulls included, `byte` that in the value.
  case invalidUTF8(value: Int, byte: Int)
  /// Two columns of one structure, or levels and counts, contradict each other.
  case inconsistent(Part)
  case externalFile(String)

  package enum Part: String, Sendable, Hashable {
    case footer
    case footerLength = "footer length"
    case metadata = "file metadata"
    case schema
    case rowGroup = "row group"
    case columnChunk = "column chunk"
    case columnOffset = "column offset"
    case rowCount = "row count"
    case valueCount = "value count"
    case pageHeader = "page header"
    case pageSize = "page size"
    case page
    case dictionary = "dictionary page"
    case repetitionLevels = "repetition levels"
    case definitionLevels = "definition levels"
    case runs = "run-length data"
    case bitWidth = "bit width"
    case values
    case stringLength = "string length"
    case deltaHeader = "delta header"
    case deltaData = "delta data"
    case prefixLength = "prefix length"
    case typeLength = "type length"
    case nesting = "nesting depth"
    case columnName = "column name"
    case columnNames = "column names"
  }
}

/// What is wrong with a line of text or a row of a data set.
package enum LineFault: Error, Sendable, Hashable {
  /// Not JSON; the message comes from the parser.
  case json(String)
  case invalidUTF8
  case tooLong(limit: Int)
  case missingField(String)
  case expected(String, found: String)
  case emptyConversation
  /// The message at this 0-based index should have another role.
  case roleOrder(message: Int, expected: String, found: String)
  case unknownRole(String)
  case unknownPart(String)
  case partsInUserMessage(message: Int)
  case answerOutOfRange(Int, choices: Int)
  /// A worked answer without `#### ` and a number.
  case noResult
  case answerNotALabel(String, labels: [String])
}

package enum TokenShardFault: Error, Sendable, Hashable {
  case notATokenShard
  case unsupportedVersion(Int)
  case headerChecksum
  case headerField(String, value: Int)
  case fileSize(expected: Int, found: Int)
  case documentStarts(document: Int)
  case tokenOutOfVocabulary(position: Int, token: Int, vocabulary: Int)
  case rangeOutOfBounds(lower: Int, upper: Int, count: Int)
  case maskLength(tokens: Int, mask: Int)
  case maskMissing
  case alreadyFinished
  /// Shards of one data set differ in this header field.
  case mixed(String)
}

/// Why a source of a mixture has no conversation.
package enum EmptySource: Sendable, Hashable {
  /// Its files hold none.
  case nothingRead
  /// Its limit is 0.
  case limit
  /// It asks for what is held out, and that is none of its conversations.
  case nothingHeldOut
  /// All it has is held out.
  case allHeldOut
}

package enum GeneratorFault: Error, Sendable, Hashable {
  case emptyWordList
  case operandOutOfRange(Int, ClosedRange<Int>)
  case invalidWeight(Double)
  case emptySource(String, EmptySource)
  /// A source's part of a mixture comes to no conversation; with a weight it is a share of `rest`,
  /// what all sources with one have together.
  case nothingTaken(String, rest: Int?)
  case emptyMixture
  /// The sources without weight alone give more than the size of all.
  case sizeExceeded(Int, unweighted: Int)
  /// They give less, and no source has a weight above 0 that could give the rest.
  case sizeNotReached(Int, unweighted: Int)
  /// More conversations than `ConversationMixture.largestSize`.
  case mixtureTooLarge(Int)
}
