import CCurl

/// What receives an answer while libcurl reads it.
protocol AnswerReceiver: AnyObject {
  func takeHeader(_ line: UnsafeRawBufferPointer)
  /// False stops the transfer.
  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// One transfer of libcurl's, for one request.
final class CurlHandle {
  /// What to ask for; see `TransferOptions` for the rest.
  struct Question {
    var url: String
    var headers: [String]
    var range: String?
  }

  let easy: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>
  private var list: UnsafeMutablePointer<curl_slist>?
  /// Kept alive because libcurl holds a plain pointer to it.
  private var receiver: (any AnswerReceiver)?
  private var box: Unmanaged<ReceiverBox>?

  private final class ReceiverBox {
    unowned let receiver: any AnswerReceiver
    init(_ receiver: any AnswerReceiver) { self.receiver = receiver }
  }

  init() throws(TransferError) {
    guard let easy = nb_curl_easy_new() else { throw .library(reason: "out of memory") }
    self.easy = easy
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    nb_curl_easy_free(easy)
    nb_curl_list_free(list)
    box?.release()
    errorText.deallocate()
  }

  /// Makes the handle ready to ask `question`; once only.
  func prepare(
    _ question: Question, options: TransferOptions, receiver: any AnswerReceiver
  ) throws(TransferError) {
    self.receiver = receiver
    let box = Unmanaged.passRetained(ReceiverBox(receiver))
    self.box = box
    for line in question.headers {
      guard let longer = nb_curl_list_append(list, line) else {
        throw .library(reason: "out of memory")
      }
      list = longer
    }
    try set(CURLOPT_URL, question.url)
    try set(CURLOPT_USERAGENT, options.userAgent)
    try set(CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
    if let file = options.authoritiesFile { try set(CURLOPT_CAINFO, file) }
    if let folder = options.authoritiesFolder { try set(CURLOPT_CAPATH, folder) }
    if let range = question.range { try set(CURLOPT_RANGE, range) }
    // Bodies come as they are sent; see `ContentDecoder`.
    try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
    try check(nb_curl_set_list(easy, CURLOPT_HTTPHEADER, list))
    try check(nb_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
    // Signals would be raised in whatever thread libcurl happens to run.
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    // Twice as large is a tenth faster on loopback up to here; all buffers together stay at 16 MiB.
    try set(
      CURLOPT_BUFFERSIZE, min(512 << 10, max(64 << 10, (16 << 20) / max(options.parallel, 1))))
    try set(CURLOPT_CONNECTTIMEOUT_MS, Self.whole(options.connectTimeout * 1000))
    try set(CURLOPT_LOW_SPEED_LIMIT, options.lowSpeedLimit)
    try set(CURLOPT_LOW_SPEED_TIME, Self.whole(options.lowSpeedTimeout))
    try check(
      nb_curl_set_header_receiver(
        easy,
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let box = Unmanaged<ReceiverBox>.fromOpaque(context).takeUnretainedValue()
          box.receiver.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
          return size * count
        }, box.toOpaque()))
    try check(
      nb_curl_set_body_receiver(
        easy,
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let box = Unmanaged<ReceiverBox>.fromOpaque(context).takeUnretainedValue()
          let taken = box.receiver.takeBody(
            UnsafeRawBufferPointer(start: bytes, count: size * count))
          return taken ? size * count : 0
        }, box.toOpaque()))
  }

  /// Absolute address of the `Location` that was not followed.
  var redirectURL: String? {
    nb_curl_info_string(easy, CURLINFO_REDIRECT_URL).map { String(cString: $0) }
  }

  func reason(_ code: CURLcode) -> String {
    errorText[0] != 0
      ? String(cString: errorText) : String(cString: nb_curl_error_text(code))
  }

  private func set(_ option: CURLoption, _ value: Int) throws(TransferError) {
    try check(nb_curl_set_long(easy, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(TransferError) {
    try check(nb_curl_set_string(easy, option, value))
  }

  private func check(_ code: CURLcode) throws(TransferError) {
    guard code == CURLE_OK else {
      throw .library(reason: String(cString: nb_curl_error_text(code)))
    }
  }

  /// At least 1, since 0 means "for ever" to libcurl, and at most what fits its `long` anywhere.
  private static func whole(_ value: Double) -> Int { Int(min(max(value.rounded(.up), 1), 1e9)) }
}
