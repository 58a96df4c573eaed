import ArgumentParser
import BuildEngine
import Glibc
import JSON

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a commented starter pipeline with its profiles and sample data.",
    discussion: """
      Writes pipeline.yaml, profiles/, cache/, .gitignore and data/, and never over a file that is \
      there.

      Example: nanobuild init my-model
      """)

  @Argument(help: "The folder (default: this one); it is made when it does not exist.")
  var folder: String = "."

  @OptionGroup var output: OutputOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    guard let starter = StarterFiles.find(executable: Session.executablePath) else {
      terminal.fail(
        "the starter pipeline and its data are not beside this program",
        help:
          "they are the checkout's pipeline.yaml, profiles and data, or ../share/nanobuild of an installation"
      )
      throw ExitStatus.failed.exit
    }
    let files = try terminal.reporting { try starter.files() }
    let present = files.filter { access(folder + "/" + $0, F_OK) == 0 && $0 != ".gitignore" }
    guard present.isEmpty else {
      terminal.fail(
        "\(folder == "." ? "this folder" : "`\(folder)`") already has "
          + present.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
          + (present.count > 3 ? " and \(present.count - 3) more" : ""),
        help: "nothing was written; `nanobuild init DIR` starts in another folder")
      throw ExitStatus.usage.exit
    }
    var written: [String] = []
    for file in files where access(folder + "/" + file, F_OK) != 0 {
      try terminal.reporting { try starter.copy(file, to: folder) }
      written.append(file)
    }
    if json {
      terminal.print(
        JSONWriter.text(
          [
            "version": 1, "folder": .string(folder),
            "files": .array(written.map { .string($0) }),
          ], pretty: true))
      return
    }
    let data = written.count { $0.hasPrefix(StarterFiles.dataFolder + "/") }
    for file in written where !file.hasPrefix(StarterFiles.dataFolder + "/") {
      terminal.print("wrote \(file)")
    }
    terminal.print("wrote data/ (\(data) files; data/SOURCES.md says where they are from)")
    terminal.print()
    terminal.print("Next:")
    if folder != "." { terminal.print("  cd \(folder)") }
    terminal.print("  nanobuild plan         what would run, and how long it takes")
    terminal.print("  nanobuild run          from raw text to a chat model")
    terminal.print("  nanobuild chat -p \"What is the capital of France?\"")
  }
}
