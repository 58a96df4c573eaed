import BuildEngine
import Diagnostics

/// Says how far work has come that is usually quick: nothing in its first second, then on a terminal a line
/// that is written over, elsewhere a line every ten seconds.
package struct ProgressLine {
  private let isInteractive: Bool
  private let width: Int
  private let write: (String) -> Void
  private let started: Double
  private var lastWritten: Double
  private var isDrawn = false

  /// `write` gets text for standard error as it is.
  package init(isInteractive: Bool, width: Int, now: Double, write: @escaping (String) -> Void) {
    self.isInteractive = isInteractive
    self.width = width
    self.write = write
    started = now
    lastWritten = now
  }

  /// `done` and `total` are in the unit that takes the time; `text` tells them to people.
  package mutating func show(
    _ text: @autoclosure () -> String, done: Double, total: Double, now: Double
  ) {
    let pause = isDrawn ? 0.08 : isInteractive ? 1 : 10
    guard now - lastWritten >= pause else { return }
    lastWritten = now
    var line = text()
    if done > 0, done < total {
      line += " · \(Format.duration((now - started) / done * (total - done))) left"
    }
    guard isInteractive else { return write(line + "\n") }
    write((isDrawn ? "\r" : "") + line.prefix(max(0, width - 1)) + "\u{1b}[K")
    isDrawn = true
  }

  /// Takes the line away.
  package mutating func end() {
    if isDrawn { write("\r\u{1b}[K") }
    isDrawn = false
  }
}

extension ProgressLine {
  init(_ terminal: Terminal) {
    self.init(
      isInteractive: terminal.isInteractive, width: terminal.width, now: Clock.seconds(),
      write: { terminal.drawOnError($0) })
  }
}
