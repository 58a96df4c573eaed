/// Keeps written conversations in a nameless file until their order is known.
final class ConversationSpool {
  struct Entry {
    var offset: Int
    var length: Int
    /// Position of its source in the mixture.
    var source: Int
  }

  private let file: OutputFile
  private var offset = 0
  private var total = 0

  init(path: String) throws(CorpusError) {
    file = try OutputFile(path: path, isScratch: true)
  }

  /// Appends the conversations of a source, as many as it can need; gives also how many were read.
  func add(
    _ source: ConversationSource, index: Int, progress: (Int) throws(CorpusError) -> Void
  ) throws(CorpusError) -> (entries: [Entry], read: Int) {
    var entries: [Entry] = []
    var read = 0
    // A random choice has to see all of a source; the first ones are enough otherwise.
    let needed = source.seed == nil ? source.limit ?? .max : .max
    switch source.origin {
    case .files(let paths, let format):
      let reader = try ConversationReader(paths: paths, format: format)
      while entries.count < needed, let conversation = try reader.next() {
        read += 1
        guard source.filter.accepts(conversation) else { continue }
        entries.append(try add(conversation, index, progress))
      }
    case .generated(let generator, let count):
      for example in 0..<max(0, min(count, needed)) {
        entries.append(try add(generator.example(example).conversation, index, progress))
      }
      read = entries.count
    }
    return (entries, read)
  }

  private func add(
    _ conversation: Conversation, _ source: Int, _ progress: (Int) throws(CorpusError) -> Void
  ) throws(CorpusError) -> Entry {
    let line = conversation.jsonLine + [0x0a]
    try file.write(line)
    total += 1
    if total % 1024 == 0 { try progress(total) }
    defer { offset += line.count }
    return Entry(offset: offset, length: line.count, source: source)
  }

  /// Writes the entries in this order to a new file.
  func write(_ order: [Entry], to path: String) throws(CorpusError) {
    try file.flush()
    let output = try OutputFile(path: path)
    for entry in order {
      try output.write(try file.read(at: entry.offset, count: entry.length))
    }
    try output.flush()
  }
}
