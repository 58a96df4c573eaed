import Glibc
import Steps
import Synchronization

/// Where the tool writes: results to standard output, everything else to standard error.
///
/// Colour and moving progress appear only on a terminal, and not with `--plain`, `--no-color` or
/// `NO_COLOR`. Output is whole lines, so that lines of parallel threads don't mix.
final class Terminal: Sendable {
  let usesColor: Bool
  let errorUsesColor: Bool
  /// Progress lines may be redrawn in place.
  let isInteractive: Bool
  /// Goes on when nobody reads standard output any more, because there is other work to do.
  private let outlivesReader: Bool
  private let buffer = Mutex<[UInt8]>([])

  init(noColor: Bool, plain: Bool, variable: (String) -> String?, outlivesReader: Bool = false) {
    self.outlivesReader = outlivesReader
    let noColor = noColor || plain || !(variable("NO_COLOR") ?? "").isEmpty
    let dumb = variable("TERM") == "dumb"
    usesColor = !noColor && !dumb && isatty(STDOUT_FILENO) == 1
    errorUsesColor = !noColor && !dumb && isatty(STDERR_FILENO) == 1
    isInteractive = !plain && !dumb && isatty(STDERR_FILENO) == 1
  }

  /// Columns of the terminal that standard error goes to, 80 when it is none.
  var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Adds a line to standard output; `flush` sends what has gathered.
  func print(_ line: String = "") {
    let isFull = buffer.withLock { buffer in
      buffer.append(contentsOf: line.utf8)
      buffer.append(0x0a)
      return buffer.count > 1 << 16
    }
    if isFull { flush() }
  }

  /// Adds text to standard output as it is and sends it at once (streamed chat).
  func write(_ text: String) {
    buffer.withLock { $0.append(contentsOf: text.utf8) }
    flush()
  }

  func flush() {
    let bytes = buffer.withLock { buffer in
      defer { buffer.removeAll(keepingCapacity: true) }
      return buffer
    }
    if !Self.writeAll(bytes, to: STDOUT_FILENO), !outlivesReader {
      Self.endAfterFailedWrite(errno)
    }
  }

  /// Writes one line to standard error.
  func note(_ line: String) {
    Self.writeAll(Array((line + "\n").utf8), to: STDERR_FILENO)
  }

  /// Writes control sequences and text to standard error as they are.
  func drawOnError(_ text: String) {
    Self.writeAll(Array(text.utf8), to: STDERR_FILENO)
  }

  /// False when the text can't be written, mostly because the reader or the terminal has gone.
  @discardableResult
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { raw in
        Glibc.write(descriptor, raw.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return false
      }
      written += count
    }
    return true
  }

  /// Quietly where the reader has gone (`nanobuild … | head`): nobody is left to write for. A full
  /// disk is told.
  static func endAfterFailedWrite(_ code: Int32) -> Never {
    if code == EPIPE { exit(0) }
    let message = "error: can't write the output: \(String(cString: strerror(code)))\n"
    _ = message.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    exit(1)
  }
}

/// Colours by meaning.
package enum Style: String {
  case good = "32"
  case bad = "31"
  case warning = "33"
  case strong = "1"
  case faint = "2"
  case accent = "36"

  package func callAsFunction(_ text: String, _ enabled: Bool) -> String {
    enabled ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
  }
}

extension Terminal {
  static func make(_ options: OutputOptions, outlivesReader: Bool = false) -> Terminal {
    let environment = ProcessVariables.all
    return Terminal(
      noColor: options.noColor, plain: options.plain, variable: { environment[$0] },
      outlivesReader: outlivesReader)
  }
}
