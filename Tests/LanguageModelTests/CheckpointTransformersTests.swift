import Corpus
import JSON
import Kernels
import LanguageModel
import Testing
import Tokenization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Compares with what transformers made of the same folder, recorded by
/// `Tests/Referees/transformers_logits.py`.
///
/// The ordinary run uses a small recorded folder; `NANOBUILD_CHECKPOINT=FOLDER` checks any other that
/// the script was run on.
@Suite struct CheckpointTransformersTests {
  static let fixture =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/") + "/Fixtures/tiny-nanochat"

  static let folder = getenv("NANOBUILD_CHECKPOINT").map { String(cString: $0) } ?? fixture

  /// `NANOBUILD_RECORD=1` writes the folder anew; the script then adds what it is compared with.
  @Test(.enabled(if: getenv("NANOBUILD_RECORD") != nil))
  func recordTheFolder() throws {
    try ModelFolder.write(
      TinyModel.make(), tokenizer: TinyModel.tokenizer(), to: Self.fixture)
  }

  @Test func logitsAgreeWithin1e4() throws {
    let expected = try ModelFolder.readJSON(Self.folder + "/expected.json")
    let ids = try #require(expected["ids"]?.arrayValue).compactMap(\.intValue).map(Int32.init)
    let loaded = try ModelFolder.load(Self.folder, pool: ThreadPool(threads: 1))
    let logits = TinyModel.logits(loaded.model, ids)
    let file = try SafetensorsFile(path: Self.folder + "/expected.safetensors")
    var reference = [Float](repeating: .nan, count: logits.count)
    try reference.withUnsafeMutableBufferPointer {
      try file.read("logits", shape: [ids.count, logits.count / ids.count], into: $0)
    }
    let worst = zip(logits, reference).map { abs($0 - $1) }.max() ?? .nan
    print("transformers \(Self.folder): logits \(worst)")
    #expect(worst < 1e-4)
    // A model that answers the same everywhere would agree with little effort.
    #expect(Set(reference.map { Int($0 * 10) }).count > 30)
  }

  @Test func conversationsRenderToTheSameIds() throws {
    let tokenizer = try Tokenizer.load(Self.folder)
    let renderer = ConversationRenderer(tokenizer, maxTokens: .max)
    let expected = try ModelFolder.readJSON(Self.folder + "/expected.json")
    let cases = try #require(expected["conversations"]?.arrayValue)
    #expect(cases.count >= 4)
    for item in cases {
      let messages = try #require(item["messages"]?.arrayValue).map(Self.message)
      let ids = try #require(item["ids"]?.arrayValue).compactMap(\.intValue).map(Int32.init)
      let ours =
        item["add_generation_prompt"] == true
        ? renderer.promptIds(for: messages)
        : renderer.render(Conversation(messages: messages)).ids
      #expect(ours == ids)
    }
  }

  private static func message(_ json: JSONValue) throws -> Message {
    let role = try #require(json["role"]?.stringValue.flatMap(Message.Role.init))
    guard let parts = json["content"]?.arrayValue else {
      return Message(role: role, text: try #require(json["content"]?.stringValue))
    }
    return Message(
      role: role,
      parts: try parts.map { part in
        MessagePart(
          kind: try #require(part["type"]?.stringValue.flatMap(MessagePart.Kind.init)),
          text: try #require(part["text"]?.stringValue))
      })
  }
}
