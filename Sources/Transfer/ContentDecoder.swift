import CBrotli
import CZlib
import CZstd

/// Decodes the body of an answer with `Content-Encoding` while it comes, in bounded memory.
///
/// Not libcurl's business, which takes an encoded stream that breaks off for a complete one.
package final class ContentDecoder {
  /// What is asked for: encodings with an end that can be told and, mostly, a checksum.
  static let offered = "zstd, gzip"
  private static let bufferSize = 128 << 10

  private let stream: any EncodedStream
  private let buffer: UnsafeMutableRawBufferPointer

  /// Nil for an encoding that is not known.
  package init?(_ name: String) {
    switch name {
    case "gzip", "x-gzip", "deflate": stream = GzipStream()
    case "zstd": stream = ZstdStream()
    case "br": stream = BrotliStream()
    default: return nil
    }
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// Not a byte came in.
  private(set) var isUntouched = true

  /// All input so far makes whole streams, at least one.
  package var isAtEnd: Bool { stream.isAtEnd }

  /// Hands over what `input` decodes to, piece by piece; false when it is damaged.
  package func decode(
    _ input: UnsafeRawBufferPointer,
    _ take: (UnsafeRawBufferPointer) throws(TransferError) -> Void
  ) throws(TransferError) -> Bool {
    isUntouched = isUntouched && input.isEmpty
    var rest = input
    var isFull = false
    while !rest.isEmpty || (isFull && !stream.isAtEnd) {
      guard let (read, written) = stream.decode(rest, into: buffer) else { return false }
      isFull = written == buffer.count
      if written > 0 { try take(UnsafeRawBufferPointer(rebasing: buffer[..<written])) }
      if read == 0, written == 0 { return rest.isEmpty }
      rest = UnsafeRawBufferPointer(rebasing: rest[read...])
    }
    return true
  }
}

/// One of the formats.
private protocol EncodedStream: AnyObject {
  var isAtEnd: Bool { get }
  /// Bytes read and written; nil when the input is damaged. Writes all it can before it reads on.
  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int)?
}

/// Members of gzip, or zlib streams, one after the other.
private final class GzipStream: EncodedStream {
  private let state: UnsafeMutablePointer<z_stream>
  private let isReady: Bool
  private(set) var isAtEnd = false

  init() {
    // zlib keeps a pointer to it.
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    // 15 bits of window; 32: either header, found by its first bytes.
    isReady =
      inflateInit2_(state, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    if isReady { inflateEnd(state) }
    state.deallocate()
  }

  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int)? {
    guard isReady else { return nil }
    if isAtEnd, !input.isEmpty {
      guard inflateReset(state) == Z_OK else { return nil }
      isAtEnd = false
    }
    state.pointee.next_in = UnsafeMutablePointer(
      mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
    state.pointee.avail_in = UInt32(input.count)
    state.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
    state.pointee.avail_out = UInt32(output.count)
    let status = inflate(state, Z_NO_FLUSH)
    isAtEnd = status == Z_STREAM_END
    // Z_BUF_ERROR: there was nothing to do.
    guard isAtEnd || status == Z_OK || status == Z_BUF_ERROR else { return nil }
    return (input.count - Int(state.pointee.avail_in), output.count - Int(state.pointee.avail_out))
  }
}

/// Frames of zstd, one after the other.
private final class ZstdStream: EncodedStream {
  /// 8 MiB, the largest window a server may use (RFC 9659).
  private static let largestWindow: Int32 = 23

  private let context = ZSTD_createDCtx()
  private(set) var isAtEnd = false

  init() { ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindow) }

  deinit { ZSTD_freeDCtx(context) }

  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int)? {
    guard let context else { return nil }
    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let left = ZSTD_decompressStream(context, &target, &source)
    guard ZSTD_isError(left) == 0 else { return nil }
    isAtEnd = left == 0
    return (source.pos, target.pos)
  }
}

/// One brotli stream: the format knows no second one.
private final class BrotliStream: EncodedStream {
  private let state = BrotliDecoderCreateInstance(nil, nil, nil)
  private(set) var isAtEnd = false

  deinit { BrotliDecoderDestroyInstance(state) }

  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int)? {
    guard let state, !isAtEnd else { return nil }
    var (inputLeft, outputLeft) = (input.count, output.count)
    var source = input.assumingMemoryBound(to: UInt8.self).baseAddress
    var target = output.assumingMemoryBound(to: UInt8.self).baseAddress
    let result = BrotliDecoderDecompressStream(
      state, &inputLeft, &source, &outputLeft, &target, nil)
    guard result != BROTLI_DECODER_RESULT_ERROR else { return nil }
    isAtEnd = result == BROTLI_DECODER_RESULT_SUCCESS
    return (input.count - inputLeft, output.count - outputLeft)
  }
}
