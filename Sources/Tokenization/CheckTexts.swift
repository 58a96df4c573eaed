/// Texts written for the checks of tokenizers: news, Korean, code and science.
package enum CheckTexts {
  package struct Sample: Sendable {
    package let name: String
    package let text: String
  }

  package static let all = [
    Sample(name: "news", text: news), Sample(name: "korean", text: korean),
    Sample(name: "code", text: code), Sample(name: "science", text: science),
  ]

  /// The samples cut at line ends: documents to compare on.
  package static let sentences = all.flatMap { sample in
    sample.text.split(separator: "\n").map(String.init)
  }

  /// Texts that a careless tokenizer does not give back.
  package static let roundTrips = [
    "", " ", "\n", "\r\n", "\t\t", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "Numbers: 123 4567 89 and 3.14159, 1,000,000.", "It's what we've done; they'll say I'd DON'T.",
    "Symbols: !@#$%^&*()_+-=[]{}|;':\",./<>?`~", "  two  spaces   three\n\n\nlines\r\n\r\n  ",
    "你好世界 🌍 مرحبا שלום नमस्ते สวัสดี", "naïve café — “quotes” … ½ ² ﬁ ſ K",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u{301} \u{200d}\u{feff}", "<|bos|> <|assistant_end|>", "\u{0}\u{1}\u{7f}",
    "tail spaces    ",
  ]

  private static let news = """
    The city council voted on Tuesday evening to reopen the old railway bridge to walkers and cyclists.
    Repairs will cost 4.2 million and are expected to take eighteen months, according to the mayor's office.
    "We have waited eleven years for this," said a shop owner whose windows look onto the river.
    Opponents argued that the money should go to schools first, and asked for a public hearing in March.
    Farmers in the valley reported the driest spring since 1976; reservoirs stand at 38 percent.
    Trains between the two largest towns will run every thirty minutes from next week, the operator announced.
    The home team won 3-1 on Saturday after trailing at half-time, its fifth victory in a row.
    Doctors advise older people to drink plenty of water and to stay indoors between noon and four o'clock.
    """

  private static let korean = """
    오늘 아침에는 안개가 짙었지만 점심 무렵부터 하늘이 맑아졌다.
    도서관은 평일 오전 아홉 시부터 저녁 여덟 시까지 문을 엽니다.
    할머니는 마당에 심은 배추로 김치를 담그셨고, 우리는 곁에서 무를 썰었다.
    이 프로그램은 글을 작은 조각으로 나누고 각 조각에 번호를 붙입니다.
    기차가 십 분 늦게 도착해서 친구와의 약속 시간을 다시 정해야 했다.
    바다에서 불어오는 바람이 차가워 외투의 단추를 모두 채웠다.
    """

  private static let code = """
    func fibonacci(_ n: Int) -> [Int] {
      var values = [0, 1]
      while values.count < n { values.append(values[values.count - 1] + values[values.count - 2]) }
      return Array(values.prefix(n))
    }
    for (index, line) in text.split(separator: "\\n").enumerated() where !line.isEmpty {
      print("\\(index + 1):\\t\\(line)")
    }
    def mean(xs): return sum(xs) / len(xs) if xs else float("nan")  # arithmetic mean
    SELECT name, COUNT(*) AS n FROM orders WHERE total >= 19.95 GROUP BY name ORDER BY n DESC;
    if (buffer == NULL || size > 0xFFFF) { fprintf(stderr, "out of memory: %zu\\n", size); exit(1); }
    <a href="https://example.org/?page=2&amp;sort=asc" class="next">more &rarr;</a>
    """

  private static let science = """
    Water expands by about nine percent when it freezes, which is why ice floats and pipes burst in winter.
    The half-life of carbon-14 is 5,730 years, so a sample with a quarter of it left is some 11,460 years old.
    Photosynthesis turns carbon dioxide and water into glucose: 6 CO₂ + 6 H₂O → C₆H₁₂O₆ + 6 O₂.
    For a pendulum of length L the period is T = 2π√(L/g), as long as the swing stays small.
    Mitochondria have their own circular DNA, a remnant of the bacteria from which they descend.
    Light from the Andromeda galaxy left it 2.5 million years ago, before our species existed.
    If x² − 5x + 6 = 0, then (x − 2)(x − 3) = 0, and the solutions are x = 2 and x = 3.
    Enzymes lower the activation energy of a reaction; above roughly 60 °C most of them lose their shape.
    """
}
