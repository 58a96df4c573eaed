import Glibc
import TestSupport
import Testing

/// What a start may cost when there is nothing to do.
@Suite struct StartStories {
  @Test func nothingIsOpenedWhenNothingIsToBeDone() throws {
    let story = try Story()
    try story.bringUpToDate()
    for command in ["run", "status"] {
      let opened = try filesOpened(in: story) {
        let end = try story.project.run(command)
        #expect(end.status == 0 && end.output.contains("3 fresh"), "\(end.output)\(end.error)")
      }
      #expect(opened == [], "\(command) opened files")
    }
    // The watch is not blind: a touched source is read again.
    utimes(story.project.path + "/words.txt", nil)
    let opened = try filesOpened(in: story) { try story.project.run("status") }
    #expect(opened.contains("words.txt"))
    #expect(opened.contains("pipeline.yaml"))
    #expect(opened.contains("state.sqlite"))
  }

  /// Names of the files that `body` opened in the project's folder, its cache and its results.
  private func filesOpened(
    in story: Story, _ body: () throws -> some Any
  ) throws -> Set<String> {
    let watch = inotify_init()
    defer { close(watch) }
    let root = story.project.path
    var folders = [root, root + "/cache", root + "/cache/results"]
    folders += try story.project.list("cache/results").map { root + "/cache/results/" + $0 }
    for folder in folders {
      #expect(inotify_add_watch(watch, folder, UInt32(IN_OPEN)) >= 0, "\(folder)")
    }
    _ = try body()
    _ = fcntl(watch, F_SETFL, O_NONBLOCK)
    var opened = Set<String>()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let length = read(watch, &buffer, buffer.count)
      guard length > 0 else { return opened }
      var place = 0
      // An event: watch, mask, cookie and length of the name, 4 bytes each, then the name.
      while place + 16 <= length {
        func number(_ offset: Int) -> UInt32 {
          (0..<4).reduce(0) { $0 | UInt32(buffer[place + offset + $1]) << UInt32($1 * 8) }
        }
        let nameLength = Int(number(12))
        if number(4) & UInt32(IN_ISDIR) == 0 {
          let name = buffer[place + 16..<place + 16 + nameLength].prefix { $0 != 0 }
          opened.insert(String(decoding: name, as: UTF8.self))
        }
        place += 16 + nameLength
      }
    }
  }

  /// The quickest of thirty starts, so that other work on the machine does not count.
  @Test func aStartIsShort() throws {
    let project = try TestProject()
    func quickest(_ program: String, _ arguments: [String]) throws -> Double {
      var best = Double.infinity
      for _ in 0..<30 {
        let start = now()
        let end = try RunningProgram(
          program, arguments, folder: project.path, environment: ["PATH": "/usr/bin:/bin"]
        ).wait()
        best = min(best, now() - start)
        #expect(end.status == 0)
      }
      return best
    }
    let empty = try quickest("/bin/sh", ["-c", ":"])
    let own = try quickest(TestProject.program, ["--version"])
    #expect(own < empty + 0.010, "a start takes \(own * 1000) ms, a shell \(empty * 1000) ms")
  }

  private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Linked libraries are mapped and relocated at every start; these two bring some thirty others.
  @Test func largeLibrariesAreNotLinked() throws {
    let project = try TestProject()
    project.environment["LD_TRACE_LOADED_OBJECTS"] = "1"
    let libraries = try project.run("--version").output
    #expect(libraries.contains("libc.so"))
    #expect(!libraries.contains("libcurl"))
    #expect(!libraries.contains("libopenblas"))
  }
}
