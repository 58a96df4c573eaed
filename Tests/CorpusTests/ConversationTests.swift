import Corpus
import Testing

@Suite struct ConversationTests {
  /// Each of these made a search to the end for every `<<`.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [("", ""), ("", ">"), ("", ">>"), ("=", ""), ("", "> <<1+1=2>>")])
  func annotationsThatNeverEndTakeNoLonger(start: String, end: String) throws {
    let text = start + String(repeating: "<", count: 2_000_000) + end
    let folder = try ScratchFolder()
    let path = try folder.file("a.jsonl", "{\"question\": \"x\", \"answer\": \"\(text)\"}\n")
    let conversation = try #require(try ConversationReader(paths: [path]).next())
    let parts = try #require(conversation.messages.last).parts
    #expect(parts.map(\.text).joined().utf8.count == text.utf8.count - (end.count > 2 ? 5 : 0))
    #expect(parts.count == (end.count > 2 ? 3 : 1))
  }

  @Test(arguments: [("conversations.jsonl", 2300), ("conversations_tools.jsonl", 2000)])
  func sampleDataIsReadAndWrittenToTheSameBytes(name: String, least: Int) throws {
    let path = "\(sampleData)/\(name)"
    var count = 0
    let lines = try contents(of: path).split(separator: 0x0a)
    let reader = try ConversationReader(paths: [path])
    while let conversation = try reader.next() {
      #expect(conversation.jsonLine == Array(lines[count]))
      count += 1
    }
    #expect(count == lines.count && count > least)
  }

  @Test func taskDataSetsAreRecognised() throws {
    #expect(
      try read("smoltalk") == [
        ["system: Be brief.", "user: Hi", "assistant: Hello!"], ["user: 2+2?", "assistant: 4"],
      ])
    let mmlu = [
      [
        "user: Multiple Choice question: Which is red?\n- sky=A\n- blood=B\n- grass=C\n- coal=D\n\n"
          + "Respond only with the letter of the correct answer.", "assistant: B",
      ],
      [
        "user: Multiple Choice question: Pick two\n- 1=A\n- 2=B\n- 3=C\n- 4=D\n\n"
          + "Respond only with the letter of the correct answer.", "assistant: B",
      ],
    ]
    #expect(try read("mmlu") == mmlu)
    #expect(try read("mmlu-wrapped") == mmlu)
    let arc = try read("arc")
    #expect(
      arc[1][0].hasSuffix(
        "- hot=2\n- dry=3\n- old=4\n\nRespond only with the letter of the correct answer."))
    #expect(arc.map(\.last) == ["assistant: A", "assistant: 2"])
    let reader = try ConversationReader(paths: [fixtures + "/gsm8k.parquet"])
    #expect(
      try reader.next()?.messages.last?.parts == [
        MessagePart(kind: .text, text: "He has 2*3="), MessagePart(kind: .python, text: "2*3"),
        MessagePart(kind: .pythonOutput, text: "6"),
        MessagePart(kind: .text, text: "6 apples.\nAll in all "),
        MessagePart(kind: .python, text: "6+0"), MessagePart(kind: .pythonOutput, text: "6"),
        MessagePart(kind: .text, text: "6.\n#### 6"),
      ])
  }

  @Test(arguments: [
    ("[{\"role\": \"user\", \"content\": \"a\"}]", "x.jsonl:2:1: a conversation needs"),
    (
      "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"user\", \"content\": \"{[\"}]",
      "x.jsonl:2:36: message 2 is by `user` where `assistant` is due"
    ),
    (
      "{\"id\": [1], \"messages\": [{\"role\": \"bot\", \"content\": \"a\"}]}",
      "x.jsonl:2:26: unknown role `bot`"
    ),
    ("[{\"role\": \"user\"}]", "x.jsonl:2:2: the field `content` is missing"),
    (
      "[{\"role\": \"user\", \"content\": [{\"type\": \"python\", \"text\": \"1\"}]}]",
      "x.jsonl:2:2: message 1: only an assistant may have parts"
    ),
    (
      "[{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"text\": \"1\"}]}]",
      "x.jsonl:2:2: unknown part type `image`"
    ),
    ("[{\"role\": \"user\", \"content\": 3}]", "found an integer"),
    ("[{\"role\": \"user\", ", "x.jsonl:2:"),
    ("{\"question\": \"a\", \"choices\": [\"b\"], \"answer\": 1}", "answer 1 is not one of 1"),
    (
      "{\"question\": \"a\", \"choices\": {\"text\": [\"b\"], \"label\": [\"A\"]}, \"answerKey\": \"B\"}",
      "answer `B` is not one of the labels A"
    ),
    ("{\"prompt\": \"a\"}", "x.jsonl:2:1: expected a list of messages"),
    ("17", "x.jsonl:2:1: expected a list of messages"),
  ])
  func faultsAreLocated(line: String, message: String) throws {
    let folder = try ScratchFolder()
    let good =
      "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]"
    let path = try folder.file("x.jsonl", good + "\n" + line + "\n")
    let reader = try ConversationReader(paths: [path])
    #expect(try reader.next() != nil)
    let error = #expect(throws: CorpusError.self) { try reader.next() }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "nothing")")
  }

  @Test func parquetOfOtherColumnsIsNoConversation() throws {
    let path = sampleData + "/shard_00004.parquet"
    let reader = try ConversationReader(paths: [path])
    #expect(throws: CorpusError.unknownConversationFormat(path: path, columns: ["text"])) {
      try reader.next()
    }
  }

  @Test func evaluationItemsAreRead() throws {
    let choices = try ItemReader.multipleChoice(paths: [sampleData + "/mc.jsonl"])
    #expect(choices.count > 500)
    #expect(choices[0].question == "What is the capital of Monaco?")
    #expect(choices[0].answer == "C" && choices[0].answerIndex == 2)
    let sums = try ItemReader.questions(paths: [sampleData + "/arithmetic.jsonl"], limit: 3)
    #expect(sums.map(\.answer) == ["76", "11", "1"])
  }

  @Test func aQuestionWithoutAResultIsRefusedWithItsPlace() throws {
    let folder = try ScratchFolder()
    let path = try folder.file(
      "x.jsonl",
      """
      {"question": "1+1?", "answer": "#### 2"}
      {"question": "And 2+2?", "answer": "four ####"}

      """)
    #expect(throws: CorpusError.line(path: path, line: 2, column: 1, fault: .noResult)) {
      try ItemReader.questions(paths: [path])
    }
    #expect(try ItemReader.questions(paths: [path], limit: 1).map(\.answer) == ["2"])
    // Training needs no result.
    let reader = try ConversationReader(paths: [path])
    #expect(try reader.next() != nil)
    #expect(try reader.next() != nil)
  }

  @Test(arguments: [
    ("so\n#### 1,234.5.", "1234.5."), ("#### -7 apples", "-7"), ("#### no\n#### 12", "12"),
    ("####12", nil), ("nothing", nil), ("#### -", nil),
  ])
  func finalAnswersAreFound(text: String, answer: String?) {
    #expect(FinalAnswer.extract(from: text) == answer)
  }

  private func read(_ name: String) throws -> [[String]] {
    let reader = try ConversationReader(paths: ["\(fixtures)/\(name).parquet"])
    var all: [[String]] = []
    while let conversation = try reader.next() {
      all.append(
        conversation.messages.map { "\($0.role.rawValue): " + $0.parts.map(\.text).joined() })
    }
    return all
  }
}
