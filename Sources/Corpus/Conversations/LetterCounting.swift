/// How often a letter is in a word, asked in many ways.
enum LetterCounting {
  /// `word:w,o,r,d`.
  static func spelled(_ word: String) -> String {
    "\(word):" + word.map(String.init).joined(separator: ",")
  }

  static func item(_ word: String, _ random: inout SplitMix64) -> QuestionItem {
    let letters = Array(word)
    let letter =
      random.below(10) < 9
      ? random.element(of: letters) : random.element(of: Array("abcdefghijklmnopqrstuvwxyz"))
    return QuestionItem(
      question: question(word, letter, &random), solution: solution(word, letters, letter))
  }

  private static func question(
    _ word: String, _ letter: Character, _ random: inout SplitMix64
  ) -> String {
    var template = random.element(of: templates)
    if random.below(10) < 3 { template = template.lowercased() }
    let quotes = ["", "'", "\""]
    let letterQuote = random.element(of: quotes)
    let wordQuote = random.element(of: quotes)
    var text = ""
    // `#` stands for the letter, `@` for the word.
    for character in template {
      switch character {
      case "#": text += "\(letterQuote)\(letter)\(letterQuote)"
      case "@": text += "\(wordQuote)\(word)\(wordQuote)"
      default: text.append(character)
      }
    }
    return random.below(2) == 0 ? text + "?" : text
  }

  private static func solution(
    _ word: String, _ letters: [Character], _ letter: Character
  ) -> [MessagePart] {
    var text =
      "We count how often '\(letter)' stands in '\(word)'. First the word letter by letter:\n"
    text += spelled(word) + "\n\nNow each letter in turn:\n"
    var count = 0
    for (index, current) in letters.enumerated() {
      // No space behind the colon: the letter is then the same token as in the spelling.
      text += "\(index + 1):\(current)"
      if current == letter {
        count += 1
        text += " hit! count=\(count)"
      }
      text += "\n"
    }
    text += "\nThat gives \(count). Let me check this with the calculator:\n"
    let expression = "'\(word)'.count('\(letter)')"
    return [
      MessagePart(kind: .text, text: text),
      MessagePart(kind: .python, text: expression),
      MessagePart(kind: .pythonOutput, text: "\(count)"),
      MessagePart(kind: .text, text: "\nThe calculator says \(count) as well.\n#### \(count)"),
    ]
  }

  private static let templates = [
    // English
    "How many # are in @", "How many # are in the word @", "How many times does # appear in @",
    "Count the # in @", "Count the letter # in @", "How often does # occur in @",
    "What is the number of # in @", "In @, how many # are there", "Number of # in the word @",
    "Tell me how many # there are in @", "How many letters # does @ have",
    "How many # do you see in @", "Find the count of # in @", "@ contains how many #",
    "Please count # in @", "How frequently does the letter # show up in @",
    "Look at @ and count the #", "Does @ have any #, and how many",
    // German
    "Wie viele # sind in @", "Wie oft kommt # in @ vor", "Wie oft steht der Buchstabe # in @",
    "Zähle die # in @", "Wie viele # hat das Wort @",
    // French
    "Combien de # y a-t-il dans @", "Combien de fois # apparaît dans @",
    "Compte les # dans @", "Combien de lettres # dans le mot @",
    "Quel est le nombre de # dans @",
    // Spanish
    "¿Cuántas # hay en @", "¿Cuántas veces aparece # en @", "Cuenta las # en @",
    "¿Cuántas letras # tiene la palabra @", "Dime cuántas # hay en @",
    // Italian
    "Quante # ci sono in @", "Quante volte compare # in @", "Conta le # in @",
    "Quante lettere # ha la parola @",
    // Portuguese
    "Quantas # há em @", "Quantas vezes # aparece em @", "Conte as # em @",
    "Quantas letras # tem a palavra @",
    // Dutch
    "Hoeveel # zitten er in @", "Hoe vaak komt # voor in @", "Tel de # in @",
    "Hoeveel letters # heeft het woord @",
    // Swedish
    "Hur många # finns i @", "Hur ofta förekommer # i @", "Räkna # i @",
    "Hur många bokstäver # har ordet @",
  ]
}
