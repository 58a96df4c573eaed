import ArgumentParser
import Glibc
import PipelineFile
import Steps

/// What a shell may offer for a word of the command line; nothing where there is no readable
/// pipeline.
enum Candidates {
  static let assets = CompletionKind.custom { words, _, _ in
    document(words)?.assets.map(\.name) ?? []
  }

  static let profiles = CompletionKind.custom { words, _, _ in
    document(words)?.profiles.map(\.name) ?? []
  }

  static let profilesAndAssets = CompletionKind.custom { words, _, _ in
    document(words).map { $0.profiles.map(\.name) + $0.assets.map(\.name) } ?? []
  }

  /// `asset.parameter=` of every asset whose step is known.
  static let settings = CompletionKind.custom { words, _, _ in
    guard let document = document(words) else { return [] }
    return document.assets.flatMap { asset in
      let step = asset.stepName.flatMap { BuiltinSteps.catalog.step(named: $0) }
      return step?.parameters.map { "\(asset.name).\($0.name)=" } ?? []
    }
  }

  static let steps = CompletionKind.custom { _, _, _ in
    BuiltinSteps.catalog.steps.map(\.name) + BuiltinSteps.catalog.checks.map(\.name)
  }

  /// The pipeline file that the words typed so far would work on.
  private static func document(_ words: [String]) -> PipelineDocument? {
    guard
      let file = try? ProjectFile.find(
        directory: value(of: "-C", words), file: value(of: "-f", words)),
      let source = try? PipelineLoader(catalog: BuiltinSteps.catalog).read(file.path)
    else { return nil }
    return source.document
  }

  private static func value(of option: String, _ words: [String]) -> String? {
    for (place, word) in words.enumerated() {
      if word == option, words.indices.contains(place + 1) { return words[place + 1] }
      if word.hasPrefix(option), word.count > 2 { return String(word.dropFirst(2)) }
    }
    return nil
  }
}
