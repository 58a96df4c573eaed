import Glibc

extension CorpusError: CustomStringConvertible {
  package var description: String { message }

  /// One sentence for the user: the file, the place in it, and what is wrong there.
  package var message: String {
    switch self {
    case .system(let path, let operation, let code):
      "cannot \(operation.rawValue) `\(path)`: \(String(cString: strerror(code)))"
    case .notRegular(let path): "cannot read `\(path)`: it is no regular file"
    case .parquet(let path, let place, let fault):
      "\(path): \(place.prefix)\(fault.message)"
    case .line(let path, let line, let column, let fault):
      "\(path):\(line):\(column): \(fault.message)"
    case .tokenShard(let path, let fault): "\(path): \(fault.message)"
    case .missingColumn(let path, let column, let available):
      "\(path): there is no column `\(column)`; it has \(available)"
    case .ambiguousColumn(let path, let column, let candidates):
      "\(path): `\(column)` may be one of \(candidates): give one of these names"
    case .notText(let path, let column):
      "\(path): column `\(column)` does not hold one text a row"
    case .unknownFileKind(let path):
      "\(path): neither parquet, JSONL, text nor a token shard by its name or first bytes"
        + Self.compressionAdvice(path)
    case .wrongFileKind(let path, let found, let accepted):
      "\(path): this is a \(found.name) file, and a \(Self.list(accepted)) file is needed"
    case .nothingToRead(let paths, let accepted):
      "no \(Self.list(accepted)) file in \(NameList(paths))"
    case .unknownConversationFormat(let path, let columns):
      "\(path): \(NameList(columns)) are not the columns of a known kind of conversations"
    case .cancelled: "interrupted"
    case .row(let path, let row, let fault): "\(path): row \(row): \(fault.message)"
    case .generator(let fault): fault.message
    }
  }

  /// "parquet, JSONL or text".
  private static func list(_ kinds: [CorpusFileKind]) -> String {
    let names = kinds.map(\.name)
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " or " + last
  }

  private static func compressionAdvice(_ path: String) -> String {
    let isCompressed = [".gz", ".zst", ".bz2", ".xz", ".zip"].contains { path.hasSuffix($0) }
    return isCompressed ? "; decompress it first" : ""
  }
}

extension CorpusFileKind {
  fileprivate var name: String {
    switch self {
    case .parquet: "parquet"
    case .jsonLines: "JSONL"
    case .text: "text"
    case .tokenShard: "token"
    }
  }
}

extension NameList: CustomStringConvertible {
  package var description: String {
    if first.isEmpty { return "none" }
    return first.map { "`\($0.shortened)`" }.joined(separator: ", ")
      + (count > first.count ? " and \(count - first.count) more" : "")
  }
}

extension String {
  /// A message is no place for a name of kilobytes.
  fileprivate var shortened: String {
    utf8.count <= 200 ? self : String(unicodeScalars.prefix(80)) + "…"
  }
}

extension ParquetPlace {
  /// "row group 3, column `text`, page 7: ", or nothing where no place is known.
  fileprivate var prefix: String {
    var parts: [String] = []
    if let rowGroup { parts.append("row group \(rowGroup)") }
    if let column { parts.append("column `\(column.shortened)`") }
    if let page { parts.append("page \(page)") }
    return parts.isEmpty ? "" : parts.joined(separator: ", ") + ": "
  }
}

extension ParquetFault {
  package var message: String {
    switch self {
    case .notParquet: "not a parquet file (it does not begin with `PAR1`)"
    case .cutShort:
      "the end of the parquet file is missing: it was cut short, or is still being written"
    case .noColumns(let rows): "\(rows) rows, but no column"
    case .encrypted: "the file is encrypted, which is not supported"
    case .truncated(let part): "the bytes end inside the \(part.rawValue)"
    case .invalid(let part, let value): "impossible \(part.rawValue) (\(value))"
    case .missing(let part): "the \(part.rawValue) is missing"
    case .tooLarge(let part, let size, let limit):
      "\(part.rawValue) of \(size) is larger than the limit of \(limit)"
    case .unsupportedCodec(let code): "compression codec \(code) is not supported"
    case .unsupportedEncoding(let code): "encoding \(code) is not supported for this column type"
    case .decompression(let codec): "the \(codec) data is corrupt"
    case .decompressedSize(let expected, let found):
      "decompressed to \(found) bytes where the page header says \(expected)"
    case .checksum(let stored, let computed):
      "checksum mismatch: stored \(String(stored, radix: 16)), computed "
        + String(computed, radix: 16)
    case .dictionaryIndex(let index, let count):
      "index \(index) into a dictionary of \(count) values"
    case .invalidUTF8(let value, let byte): "value \(value) is not valid UTF-8 at byte \(byte)"
    case .inconsistent(let part): "the \(part.rawValue) contradicts the rest of the file"
    case .externalFile(let path): "the column is kept in another file (`\(path)`)"
    }
  }
}

extension LineFault {
  package var message: String {
    switch self {
    case .json(let message): message
    case .invalidUTF8: "not valid UTF-8"
    case .tooLong(let limit): "longer than the limit of \(limit) bytes"
    case .missingField(let field): "the field `\(field)` is missing"
    case .expected(let expected, let found): "expected \(expected), found \(found)"
    case .emptyConversation:
      "a conversation needs a message of the user and an answer of the assistant"
    case .roleOrder(let message, let expected, let found):
      "message \(message + 1) is by `\(found)` where `\(expected)` is due"
    case .unknownRole(let role):
      "unknown role `\(role)`; roles are `system`, `user`, `assistant`"
    case .unknownPart(let type):
      "unknown part type `\(type)`; types are `text`, `python`, `python_output`"
    case .partsInUserMessage(let message):
      "message \(message + 1): only an assistant may have parts that are not text"
    case .answerOutOfRange(let answer, let choices):
      "answer \(answer) is not one of \(choices) choices"
    case .noResult:
      "the worked answer does not end with `#### ` and its result, so no reply can be judged right"
    case .answerNotALabel(let answer, let labels):
      "answer `\(answer)` is not one of the labels " + labels.joined(separator: ", ")
    }
  }
}

extension TokenShardFault {
  package var message: String {
    switch self {
    case .notATokenShard: "not a token shard"
    case .unsupportedVersion(let version): "token shard of unknown version \(version)"
    case .headerChecksum: "the header's checksum does not match; the file is damaged"
    case .headerField(let name, let value): "impossible \(name) in the header (\(value))"
    case .fileSize(let expected, let found):
      "the file has \(found) bytes where its header asks for \(expected)"
    case .documentStarts(let document): "document \(document) starts at an impossible position"
    case .tokenOutOfVocabulary(let position, let token, let vocabulary):
      "token \(token) at position \(position) is outside the vocabulary of \(vocabulary)"
    case .rangeOutOfBounds(let lower, let upper, let count):
      "tokens \(lower) to \(upper) asked of a shard of \(count)"
    case .maskLength(let tokens, let mask): "\(tokens) tokens with a mask of \(mask)"
    case .maskMissing: "the shard has no loss mask"
    case .alreadyFinished: "the shard has been finished already"
    case .mixed(let field): "its \(field) differs from that of the shards before it"
    }
  }
}

extension GeneratorFault {
  package var message: String {
    switch self {
    case .emptyWordList: "the word list has no usable word"
    case .operandOutOfRange(let operand, let range):
      "the largest operand of `arithmetic` is \(range.lowerBound) to \(range.upperBound), not "
        + "\(operand)"
    case .invalidWeight(let weight): "weight \(weight) is not a number of at least 0"
    case .emptySource(let name, let reason):
      switch reason {
      case .nothingRead: "the source `\(name)` has no conversation"
      case .limit: "the source `\(name)` has no conversation: its `limit` is 0"
      case .nothingHeldOut:
        "the source `\(name)` has no conversation with `split: test`: no question in it is held out"
      case .allHeldOut:
        "the source `\(name)` has no conversation to train on: all its questions are held out"
      }
    case .nothingTaken(let name, nil):
      "the source `\(name)` would give no conversation: its `epochs` are too few"
    case .nothingTaken(let name, let rest?):
      "the source `\(name)` would give no conversation: by its `weight` it has too small a share of "
        + "\(rest)"
    case .emptyMixture: "the mixture holds no conversation"
    case .sizeExceeded(let size, let unweighted):
      "the sources without `weight` give \(unweighted) conversations, which is more than `size`, "
        + "\(size): give them a `limit`, fewer `epochs` or a `weight`"
    case .sizeNotReached(let size, let unweighted):
      "the sources without `weight` give \(unweighted) conversations, and none has a `weight` above "
        + "0 to give the rest of `size`, \(size)"
    case .mixtureTooLarge(let count):
      "the mixture would hold \(count) conversations; at most \(ConversationMixture.largestSize) can "
        + "be mixed"
    }
  }
}
