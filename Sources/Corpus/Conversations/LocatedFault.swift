/// A fault of a conversation or item, with the message it is about, if one.
struct LocatedFault: Error {
  var fault: LineFault
  /// 0-based index of the message.
  var message: Int?

  init(_ fault: LineFault, message: Int? = nil) {
    self.fault = fault
    self.message = message
  }
}
