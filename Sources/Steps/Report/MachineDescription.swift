import BuildEngine
import Glibc

/// The machine a report was made on.
enum MachineDescription {
  static func lines(threads: Int) -> [(name: String, value: String)] {
    var lines: [(name: String, value: String)] = []
    if let processor {
      lines.append(("processor", processor))
    }
    lines.append(("cores used", "\(threads)"))
    let bytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    lines.append(("memory", "\((Double(bytes) / 1e8).rounded() / 10) GB"))
    var name = utsname()
    if uname(&name) == 0 {
      lines.append(
        ("system", "\(text(&name.sysname)) \(text(&name.release)) \(text(&name.machine))"))
    }
    lines.append(("nanobuild", ToolVersion.text))
    return lines
  }

  /// The processor's name; nil where the system does not tell.
  static var processor: String? { field("model name", in: "/proc/cpuinfo") }

  private static func text<Characters>(_ characters: inout Characters) -> String {
    withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func field(_ name: String, in path: String) -> String? {
    guard let bytes = try? ResultFiles.optionalBytes(path) else { return nil }
    for line in bytes.split(separator: 0x0a) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix(name), let colon = text.firstIndex(of: ":") else { continue }
      return String(text[text.index(after: colon)...].drop { $0 == " " })
    }
    return nil
  }
}
