#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tokenization

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let path, let operation, let code):
      "\(path): can't \(operation): \(String(cString: strerror(code)))"
    case .malformed(let path, let reason): "\(path): \(reason)"
    case .missingTensor(let path, let name): "\(path): the tensor `\(name)` is missing"
    case .unexpectedTensor(let path, let name):
      "\(path): the tensor `\(name)` does not belong to a model of this shape"
    case .wrongShape(let path, let name, let found, let expected):
      "\(path): the tensor `\(name)` has shape \(found), expected \(expected)"
    case .wrongType(let path, let name, let found, let expected):
      "\(path): the tensor `\(name)` holds \(found), expected \(expected)"
    case .badValue(let path, let key, let problem): "\(path): `\(key)` \(problem)"
    case .tokenizerMismatch(let path, let found, let expected):
      "\(path): the tokenizer has hash \(found), but the model was trained with \(expected)"
    case .vocabularyMismatch(let path, let model, let tokenizer):
      "\(path): the model has \(model) tokens, its tokenizer \(tokenizer)"
    case .tokenizer(let error): error.description
    case .model(let path, let error): "\(path): \(error.description)"
    }
  }
}

extension CheckpointError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notRegular: "it is no regular file"
    case .tooShort(let bytes): "only \(bytes) bytes long: no safetensors file"
    case .headerTooLong(let bytes):
      "claims a header of \(bytes) bytes, more than \(SafetensorsFile.maximumHeaderBytes)"
    case .headerBeyondEnd(let headerBytes, let fileBytes):
      "claims a header of \(headerBytes) bytes but has only \(fileBytes) bytes in all"
    case .notJSON(let problem): "not JSON: \(problem)"
    case .entryNotAnObject(let name): "the entry `\(name)` is not an object"
    case .missingField(let name, let field): "the entry `\(name)` has no valid `\(field)`"
    case .unknownType(let name, let type): "the tensor `\(name)` has the unknown type `\(type)`"
    case .badShape(let name): "the tensor `\(name)` has an impossible shape"
    case .badOffsets(let name): "the tensor `\(name)` lies outside the file"
    case .sizeMismatch(let name, let bytes, let expected):
      "the tensor `\(name)` has \(bytes) bytes where its shape needs \(expected)"
    case .notContiguous(let name):
      "the tensor `\(name)` overlaps another one or leaves a gap before it"
    case .trailingBytes(let count): "\(count) bytes at the end belong to no tensor"
    case .endedWhileReading(let name): "ends inside the tensor `\(name)`"
    case .fileTooLong(let bytes, let limit): "\(bytes) bytes long, more than \(limit)"
    }
  }
}
