import Glibc
import JSON
import TestSupport
import Testing

/// `nanobuild data FILE`, as a person looks into files with it.
@Suite struct DataCommandStories {
  let project: TestProject

  init() throws {
    project = try TestProject()
    try project.copy(fromRepository: "data/shard_00004.parquet", to: "shard.parquet")
    try project.copy(
      fromRepository: "Tests/CorpusTests/Fixtures/smoltalk.parquet", to: "talk.parquet")
  }

  @Test func aFileIsDescribedAndItsRecordsShown() throws {
    let text = try project.run("data", "talk.parquet")
    #expect(text.output.hasPrefix("parquet file, 1,192 bytes: 2 rows in one row group\n"))
    let json = try JSONParser.parse(try project.run("data", "talk.parquet", "--json").output)
    #expect(json["version"] == 1 && json["rows"] == 2)
    // In the order of the file, not of the alphabet.
    let head = try project.run("data", "shard.parquet", "--head", "2").output
    #expect(head.components(of: "text: ") == 2)
    let column = try project.run("data", "talk.parquet", "--column", "messages.role", "--head", "1")
    #expect(column.output == "[\"system\",\"user\",\"assistant\"]\n")
    let lines = try project.run("data", "shard.parquet", "--column", "text", "--jsonl").lines
    #expect(lines.count == 177)
    #expect(try lines.allSatisfy { try JSONParser.parse($0).stringValue != nil })
    #expect(try project.run("data", "talk.parquet", "--jsonl").lines.count == 2)
  }

  @Test func whatIsListedCanBePicked() throws {
    let file = "deep.parquet"
    try project.copy(
      fromRepository: "Tests/CorpusTests/Fixtures/deep-twice.parquet", to: file)
    let columns = try JSONParser.parse(try project.run("data", file, "--json").output)["columns"]
    let names = (columns?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    #expect(Set(names).count == 7)
    for name in names {
      let end = try project.run("data", file, "--column", name)
      #expect(end.status == 0 && end.lines.count == 2, "\(name): \(end.error)")
    }
    for option in ["--jsonl", "--head=1"] {
      let end = try project.run("data", file, "--column", "s.t.z", option)
      #expect(end.status == 2 && end.output.isEmpty)
      #expect(
        end.error.hasPrefix(
          "error: deep.parquet: `s.t.z` may be one of `s.t_3.z`, `s.t_4.z`: "), "\(end.error)")
    }
    #expect(try project.run("data", "talk.parquet", "--column", "messages.rolle").status == 2)
  }

  @Test(arguments: [600, 601])
  func longMembersAreCut(count: Int) throws {
    let text = String(repeating: "y", count: count)
    try project.write("long.jsonl", "{\"a\": \"\(text)\", \"b\": [\"\(text)\"]}\n")
    let shown = String(repeating: "y", count: 600)
    let list = "[\"" + shown.dropLast(2)
    #expect(
      try project.run("data", "long.jsonl", "--head", "1").output
        == "a: \(shown)\(count > 600 ? "…" : "")\nb: \(list)…\n\n")
    #expect(
      try project.run("data", "long.jsonl", "--head", "1", "--column", "a").output == text + "\n")
  }

  @Test func chatsAreReadable() throws {
    try project.write(
      "chat.jsonl",
      #"""
      [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": [{"type": "text", "text": "It is"}, {"type": "python", "text": "2+2"}]}]
      {"id": 7, "messages": [{"role": "user", "content": "Hi\u001b"}]}
      [{"role": "user", "content": "x", "score": 1}]
      [1, 2]

      """#)
    #expect(
      try project.run("data", "chat.jsonl", "--head", "4").output == """
        user: 2+2?
        assistant: It is
        assistant (python): 2+2

        id: 7
        messages:
          user: Hi\u{fffd}

        [{"content":"x","role":"user","score":1}]
        [1,2]

        """)
  }

  @Test func dataDoesNotDriveTheTerminal() throws {
    try project.write("bell.jsonl", #"{"a": "x\ty\u001b[2J", "b\u0007\n": 1}"#)
    #expect(
      try project.run("data", "bell.jsonl", "--head", "1").output
        == "a: x\ty\u{fffd}[2J\nb\u{fffd}\u{fffd}: 1\n\n")
    let fault = try project.run("data", "bell.jsonl", "--column", "\u{1b}[2J")
    #expect(fault.status == 2)
    #expect(
      fault.error
        == "error: bell.jsonl: there is no column `\u{fffd}[2J`; it has `a`, `b\u{fffd}\n`\n")
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        chat:
          step: data.conversations
          inputs: {own: own.jsonl}
          with: {sources: [{input: own}]}
      """)
    try project.write("own.jsonl", #"[{"role": "\u001b]0;x\u0007", "content": "x"}]"#)
    let run = try project.run("run")
    #expect(run.status == 1 && run.error.contains("unknown role `\u{fffd}]0;x\u{fffd}`"))
    let status = try project.run("status")
    for text in [run.error, run.output, status.output] {
      #expect(!text.utf8.contains { $0 == 0x1b || $0 == 0x07 })
    }
  }

  @Test func aFolderStandsForItsFiles() throws {
    let text = try project.run("data", ".").output
    #expect(text.hasPrefix("2 files, 47,888 bytes: 179 records\n"), "\(text)")
    let names = try project.run("data", ".", "--column", "text", "--jsonl")
    #expect(names.status == 2 && names.lines.count == 177)
    #expect(names.error.contains("talk.parquet: there is no column `text`; it has `messages`"))
  }

  @Test func brokenFilesAreLocated() throws {
    var bytes = try project.bytes("shard.parquet")
    try project.write("cut.parquet", bytes: Array(bytes[..<20_000]))
    // One flipped bit may decode to another text that nothing but a checksum could tell.
    for offset in 20_000..<20_500 { bytes[offset] = 0xff }
    try project.write("flipped.parquet", bytes: bytes)
    try project.write("empty.parquet", "")
    try project.write("bad.jsonl", "{\"a\": 1}\n{\"a\": }\n")
    for (arguments, message) in [
      (["cut.parquet"], "cut.parquet: the end of the parquet file is missing"),
      (["empty.parquet"], "empty.parquet: not a parquet file"),
      (
        ["flipped.parquet", "--head", "200"],
        "flipped.parquet: row group 0, column `text`, page 0: "
      ),
      (
        ["flipped.parquet", "--column", "text", "--jsonl"],
        "flipped.parquet: row group 0, column `text`, page 0: "
      ),
      (["bad.jsonl"], "bad.jsonl:2:7: "), (["none.parquet"], "cannot open `none.parquet`"),
      (["shard.parquet", "--column", "body"], "there is no column `body`; it has `text`"),
    ] {
      let end = try project.run(arguments: ["data"] + arguments)
      #expect(end.status == 2, "\(arguments)")
      #expect(end.error.contains(message), "\(arguments): \(end.error)")
      #expect(end.output.isEmpty, "\(arguments)")
    }
    #expect(try project.run("data", "shard.parquet", "--head", "0").status == 64)
  }

  @Test func smallFaultsAreCalledByTheirNames() throws {
    try project.write("empty.jsonl", "")
    #expect(try project.run("data", "empty.jsonl").output == "JSONL file, 0 bytes: 0 records\n")
    try project.write("mark.jsonl", "\u{feff}{\"a\": 1}\n")
    try project.write("mark.json", "\u{feff}{\"a\": 1}\n")
    try project.write("large.jsonl", "{\"a\": 1e400}\n")
    try project.write("short.parquet", "PAR1")
    try project.write("secret.bin", "PARExxxxxxxxPARE")
    for (name, message) in [
      ("mark.jsonl", ":1:1: the text begins with a byte order mark"),
      ("mark.json", ":1:1: the text begins with a byte order mark"),
      ("large.jsonl", ":1:7: this number is out of range"),
      ("short.parquet", ": the end of the parquet file is missing"),
      ("secret.bin", ": the file is encrypted"),
    ] {
      let end = try project.run("data", name)
      #expect(end.status == 2 && end.error.contains("\(name)\(message)"), "\(end.error)")
    }
    try project.write("words.txt", "apple\n")
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        chat:
          step: data.conversations
          inputs: {words: words.txt}
          with: {sources: [{input: words}]}
      """)
    let run = try project.run("run")
    #expect(run.status == 1)
    #expect(
      run.error.contains("words.txt: this is a text file, and a parquet or JSONL file is needed"),
      "\(run.error)")
  }

  @Test func textThatIsNoUTF8IsLocatedBehindWhatIsSound() throws {
    try project.write("bad.txt", bytes: Array("good\né\nab".utf8) + [0xff, 0x0a, 0x63, 0x0a])
    for (arguments, output) in [
      (["--jsonl"], "\"good\"\n\"é\"\n"), (["--jsonl", "--head", "2"], "\"good\"\n\"é\"\n"),
      (["--head", "4"], "good\né\n"), ([], ""), (["--json"], ""),
    ] {
      let end = try project.run(arguments: ["data", "bad.txt"] + arguments)
      let isWhole = arguments.last == "2"
      #expect(end.status == (isWhole ? 0 : 2), "\(arguments)")
      #expect(end.output == output, "\(arguments)")
      #expect(end.error == (isWhole ? "" : "error: bad.txt:3:3: not valid UTF-8\n"), "\(arguments)")
    }
  }

  /// 8 and 4 KB that stand for texts of 250 MB, which JSON makes 1.5 GB of.
  @Test(arguments: ["long-text", "long-twice"])
  func whatAFileMayTakeIsBounded(name: String) throws {
    try project.copy(
      fromRepository: "Tests/CorpusTests/Fixtures/\(name).parquet", to: "long.parquet")
    let column = name == "long-text" ? "text" : "list"
    // A page, its value and the program take 600 MB of it (DATA.md).
    let script = """
      ulimit -v 1000000
      "$0" data long.parquet --column \(column) --jsonl | wc -c
      "$0" data long.parquet --jsonl | wc -c
      "$0" data long.parquet --head 1 | wc -c
      "$0" data long.parquet --column \(column) --head 1 | wc -c
      """
    let end = try RunningProgram(
      "/bin/sh", ["-c", script, TestProject.program], folder: project.path,
      environment: ["PATH": "/usr/bin:/bin"]
    ).wait(seconds: 120)
    #expect(end.error == "")
    let texts = name == "long-text" ? 1_500_000_002 : 1_440_000_007
    let sizes = end.lines.compactMap { Int($0) }
    try #require(sizes.count == 4)
    #expect(sizes[0] == texts + 1 && sizes[1] == texts + column.utf8.count + 6)
    #expect(sizes[2] < 3000 && sizes[3] < 400_000)
  }

  @Test func aReaderThatLeavesIsNoFault() throws {
    let shell = try RunningProgram(
      "/bin/sh",
      [
        "-c",
        "for a in '--column text --jsonl' '--head 100' '--jsonl'; do "
          + "{ \"$0\" data shard.parquet $a; echo \"status $?\" >&2; } | head -c 10 >/dev/null; done",
        TestProject.program,
      ], folder: project.path, environment: ["PATH": "/usr/bin:/bin"])
    let end = try shell.wait()
    #expect(end.error == "status 0\nstatus 0\nstatus 0\n")
  }

  @Test func aFullDiskIsTold() throws {
    let shell = try RunningProgram(
      "/bin/sh",
      ["-c", "\"$0\" data shard.parquet --column text --jsonl > /dev/full", TestProject.program],
      folder: project.path, environment: ["PATH": "/usr/bin:/bin"])
    let end = try shell.wait()
    #expect(end.status == 1)
    #expect(end.error == "error: can't write the output: No space left on device\n")
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    split(separator: "\n").count { $0.hasPrefix(part) }
  }
}
