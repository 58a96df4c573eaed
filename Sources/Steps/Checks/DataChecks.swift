import BuildEngine
import Corpus
import JSON
import PipelineFile

/// Checks on files of text.
enum DataChecks {
  static let all: [(CheckSchema, any Check)] = [
    (ParquetReadableCheck.schema, ParquetReadableCheck()),
    (MinimumDocumentsCheck.schema, MinimumDocumentsCheck()),
  ]
}

/// `data.parquet_readable`: the text of every file can be read.
struct ParquetReadableCheck: Check {
  static let schema = CheckSchema(
    name: "data.parquet_readable",
    summary: "Every page of the text column decodes, and its text is valid UTF-8.",
    appliesTo: [.files],
    parameters: [ParameterSchema("column", .string, default: "text", "the text column")])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let column = try parameters.string("column")
    let count: DocumentCount
    do throws(CorpusError) {
      count = try DocumentCount(paths: [context.result], column: column)
    } catch {
      return CheckVerdict(passed: false, message: "\(error)")
    }
    return CheckVerdict(
      passed: true,
      message: "\(count.files) files, \(count.documents) documents, \(count.bytes) bytes of text",
      numbers: [
        "files": .int(count.files), "documents": .int(count.documents), "bytes": .int(count.bytes),
      ])
  }
}

/// `data.min_documents`: there is enough text.
struct MinimumDocumentsCheck: Check {
  static let schema = CheckSchema(
    name: "data.min_documents",
    summary: "The files hold at least so many documents.",
    appliesTo: [.files],
    parameters: [
      ParameterSchema("documents", .integer(0...Int.max), default: 1, "fewest documents allowed"),
      ParameterSchema("column", .string, default: "text", "the text column or JSON member"),
    ])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let minimum = try parameters.int("documents")
    let count = try DocumentCount(
      paths: [context.result], column: try parameters.string("column"))
    return CheckVerdict(
      passed: count.documents >= minimum,
      message: "\(count.documents) documents, at least \(minimum) wanted",
      numbers: ["documents": .int(count.documents)])
  }
}

/// What is in files of documents.
private struct DocumentCount {
  var files = 0
  var documents = 0
  var bytes = 0

  init(paths: [String], column: String) throws(CorpusError) {
    let reader = try DocumentReader(paths: paths, column: column)
    files = reader.paths.count
    while let batch = try reader.nextBatch() {
      documents += batch.count
      bytes += batch.byteCount
    }
  }
}
