import Kernels
package import JSON
import Kernels
package import Tokenization

extension ModelFolder {
  /// Writes everything that transformers needs: weights, configuration, tokenizer with its chat
  /// template, generation settings. Equal models give equal bytes.
  package static func write(
    _ model: GPT, tokenizer: Tokenizer, to folder: String
  ) throws(CheckpointError) {
    try CheckpointFiles.makeFolder(folder)
    try SafetensorsWriter.write(
      model.parameters.map { parameter in
        SafetensorsTensor(
          name: parameter.name, type: .f32, shape: [parameter.rows, parameter.columns],
          bytes: UnsafeRawBufferPointer(parameter.value.buffer))
      }, to: folder + "/" + weights)
    let special = tokenizer.specialTokens
    try writeJSON(
      model.configuration.huggingFaceJSON(bos: special.bos, assistantEnd: special.assistantEnd),
      to: folder + "/" + configuration)
    try CheckpointFiles.write(tokenizer.huggingFaceJSON, to: folder + "/tokenizer.json")
    try writeJSON(
      tokenizerSettings(sequenceLength: model.configuration.sequenceLength),
      to: folder + "/tokenizer_config.json")
    try writeJSON(generationSettings(special), to: folder + "/generation_config.json")
  }

  package static func writeJSON(_ value: JSONValue, to path: String) throws(CheckpointError) {
    try CheckpointFiles.write(JSONWriter.bytes(value, pretty: true) + [0x0a], to: path)
  }

  private static func tokenizerSettings(sequenceLength: Int) -> JSONValue {
    [
      "tokenizer_class": "PreTrainedTokenizerFast",
      "bos_token": "<|bos|>",
      "eos_token": "<|assistant_end|>",
      "pad_token": "<|assistant_end|>",
      "model_max_length": .int(sequenceLength),
      "clean_up_tokenization_spaces": false,
      "chat_template": .string(ChatTemplate.jinja),
    ]
  }

  /// The chat's defaults; a reply ends with `assistantEnd`, a text with `bos`.
  private static func generationSettings(_ special: SpecialTokens) -> JSONValue {
    [
      "bos_token_id": .int(Int(special.bos)),
      "eos_token_id": [.int(Int(special.assistantEnd)), .int(Int(special.bos))],
      "pad_token_id": .int(Int(special.assistantEnd)),
      "do_sample": true,
      "temperature": 0.6,
      "top_k": 50,
      "max_new_tokens": 256,
    ]
  }
}
