extension Tokenizer {
  /// Writes `tokenizer.json`, `tokenizer.tiktoken` and `token_bytes.json` into an existing folder.
  ///
  /// `token_bytes.json` is the list of byte lengths by id, 0 for the special tokens; equal
  /// tokenizers give equal files.
  package func save(to folder: String) throws(TokenizerError) {
    try TokenizerFiles.write(
      huggingFaceJSON, folder + "/" + TokenizerFiles.huggingFace)
    try TokenizerFiles.write(
      TiktokenFile.bytes(vocabulary), folder + "/" + TokenizerFiles.tiktoken)
    let lengths = byteLengths.map { String($0) }.joined(separator: ",")
    try TokenizerFiles.write(
      Array("[\(lengths)]\n".utf8), folder + "/" + TokenizerFiles.tokenBytes)
  }

  /// The bytes of a `tokenizer.json` that `tokenizers` and transformers load.
  package var huggingFaceJSON: [UInt8] { Array(HuggingFaceFile.text(self).utf8) }
}
