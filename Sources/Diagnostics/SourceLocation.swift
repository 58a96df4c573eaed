/// A place in a file: 1-based line and column, columns counted in characters.
///
/// Line 0 stands for a text without lines, such as `--set pretrain.depth=3`; such a place is shown
/// by the file name alone.
package struct SourceLocation: Sendable, Hashable {
  /// The file as it is shown to the user.
  package var file: String
  private var storedLine: UInt32
  private var storedColumn: UInt32

  package init(file: String, line: Int, column: Int) {
    self.file = file
    storedLine = UInt32(clamping: line)
    storedColumn = UInt32(clamping: column)
  }

  package var line: Int { Int(storedLine) }
  package var column: Int { Int(storedColumn) }
  package var hasLine: Bool { storedLine > 0 }
}

extension SourceLocation: CustomStringConvertible {
  package var description: String { hasLine ? "\(file):\(line):\(column)" : file }
}
