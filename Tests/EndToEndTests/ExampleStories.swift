import Glibc
import TestSupport
import Testing

/// The shipped examples do what their pages say.
@Suite struct ExampleStories {
  private func handbook() throws -> TestProject {
    let project = try TestProject()
    for name in ["pipeline.yaml", "profiles", "chapters", "tools"] {
      try project.copy(fromRepository: "examples/handbook/" + name, to: name)
    }
    return project
  }

  /// Runs the whole book, and gives what ran, sorted.
  private func printed(_ project: TestProject) throws -> [String] {
    try ran(project, profile: "print")
  }

  /// Runs everything, and gives what ran, sorted.
  private func ran(_ project: TestProject, profile: String) throws -> [String] {
    let end = try project.run("run", "--profile", profile)
    #expect(end.status == 0, "\(end.error)")
    return end.error.split(separator: "\n").compactMap { line in
      line.hasPrefix("✓ ") ? String(line.dropFirst(2).prefix { $0 != " " }) : nil
    }.sorted()
  }

  private func page(_ project: TestProject, profile: String = "print") throws -> String {
    try project.result("book", "handbook.html", profile: profile)
  }

  @Test func theHandbookIsBuilt() throws {
    let project = try handbook()
    #expect(try project.run("validate").status == 0)
    let draft = try project.run("run")
    #expect(draft.status == 0, "\(draft.error)")
    let first = try page(project, profile: "draft")
    #expect(first.contains("<h1 id=\"flour\">Flour</h1>") && first.contains("<h1 id=\"water\">"))
    #expect(!first.contains("<h1 id=\"salt\">"))
    #expect(
      try printed(project)
        == ["book", "chapters[salt]", "chapters[time]", "index", "words[salt]", "words[time]"])
    let whole = try page(project)
    for part in [
      "<h1 id=\"salt\">Salt</h1>", "tastes of nothing", "fast &amp; tastes",
      "<li>White flour for a light crumb</li>",
      "<li>salt: <a href=\"#salt\">salt</a> <a href=\"#time\">time</a></li>", "First edition",
    ] {
      #expect(whole.contains(part), "\(part)")
    }
  }

  @Test func itsPageTellsTheTruth() throws {
    let project = try handbook()
    #expect(try printed(project).count == 10)
    #expect(try printed(project).isEmpty)
    for name in ["flour", "water", "salt", "time"] {
      project.setTime(of: "chapters/\(name).txt", to: 1_700_000_000)
    }
    #expect(try printed(project).isEmpty)

    let salt = try project.read("chapters/salt.txt")
    try project.write("chapters/salt.txt", salt + "\nSalt from the sea is salt.\n")
    #expect(try printed(project) == ["book", "chapters[salt]", "index", "words[salt]"])
    #expect(try page(project).contains("Salt from the sea"))
    try project.write("chapters/salt.txt", salt)
    #expect(try printed(project).isEmpty)
    #expect(try !page(project).contains("Salt from the sea"))

    let style = try project.read("tools/style.css")
    try project.write("tools/style.css", style.replacing("#777", with: "#999"))
    #expect(try printed(project) == ["book"])
    #expect(try page(project).contains("#999"))

    let tool = try project.read("tools/render.awk")
    try project.write("tools/render.awk", tool + "# A comment.\n")
    #expect(
      try printed(project)
        == ["chapters[flour]", "chapters[salt]", "chapters[time]", "chapters[water]"])

    let good = try page(project)
    let link = project.file("cache/current/print/book/handbook.html")
    chmod(link, 0o644)
    truncate(link, 100)
    #expect(try printed(project) == ["book"])
    #expect(try page(project) == good)
  }

  @Test func itsChecksAreToldAndBlock() throws {
    let project = try handbook()
    for _ in 0..<2 {
      let end = try project.run("run", "--profile", "print")
      #expect(end.status == 0)
      #expect(end.error.contains("TODO"), "\(end.error)")
    }
    let salt = try project.read("chapters/salt.txt")
    try project.write("chapters/salt.txt", String(salt.dropFirst("# Salt\n".count)))
    let end = try project.run("run", "--profile", "print")
    #expect(end.status == 1, "\(end.error)")
    #expect(try page(project).contains("<h1 id=\"salt\">"))
    #expect(try project.run("status", "--check", "--profile", "print").status == 1)
  }

  // MARK: The calculator

  private static let hasCompiler = access("/usr/bin/cc", X_OK) == 0

  private func calculator() throws -> TestProject {
    let project = try TestProject()
    for name in ["pipeline.yaml", "src", "include", "cases", "README.md"] {
      try project.copy(fromRepository: "examples/calculator/" + name, to: name)
    }
    return project
  }

  private static let whole = [
    "objects[lexer]", "objects[main]", "objects[parser]", "package", "program", "tests",
  ]

  @Test(.enabled(if: hasCompiler, "there is no /usr/bin/cc"))
  func theCalculatorIsBuilt() throws {
    let project = try calculator()
    #expect(try project.run("validate").status == 0)
    #expect(try ran(project, profile: "debug") == Self.whole)
    #expect(try ran(project, profile: "release") == Self.whole)
    for profile in ["debug", "release", "debug"] {
      #expect(try ran(project, profile: profile).isEmpty)
    }
    let report = try project.result("tests", "report.txt", profile: "release")
    #expect(report.split(separator: "\n").count == 10)
    #expect(report.contains("ok     2 + 3 * 4 = 14\n"))
    #expect(project.exists("cache/current/release/package/calculator"))
  }

  @Test(.enabled(if: hasCompiler, "there is no /usr/bin/cc"))
  func theCalculatorsPageTellsTheTruth() throws {
    let project = try calculator()
    let release = { try self.ran(project, profile: "release") }
    #expect(try release() == Self.whole)
    for name in ["lexer", "main", "parser"] {
      project.setTime(of: "src/\(name).c", to: 1_700_000_000)
    }
    #expect(try release().isEmpty)

    let parser = try project.read("src/parser.c")
    try project.write("src/parser.c", parser.replacing("a number is", with: "a figure is"))
    let wrong = try project.run("run", "--profile", "release")
    #expect(wrong.status == 1)
    #expect(wrong.error.contains("✗ tests · shell: all right"), "\(wrong.error)")
    #expect(wrong.error.contains("package  blocked by `tests`"), "\(wrong.error)")
    try project.write("src/parser.c", parser)
    #expect(try release().isEmpty)

    let lexer = try project.read("src/lexer.c")
    try project.write("src/lexer.c", lexer + "// The end.\n")
    #expect(try release() == ["objects[lexer]"])
    try project.write("include/extra.h", "/* Nothing yet. */\n")
    #expect(
      try release() == ["objects[lexer]", "objects[main]", "objects[parser]"])
    try project.write("cases/more.txt", "8 * 8=64\n")
    #expect(try release() == ["package", "tests"])
    try project.write("cases/more.txt", "8 * 8=63\n")
    #expect(try project.run("run", "--profile", "release").status == 1)
    project.remove("cases/more.txt")
    #expect(try release().isEmpty)
  }
}
