/// Dates in HTTP headers, as seconds since 1970.
package enum HTTPDate {
  /// Reads the three forms of RFC 9110 §5.6.7; nil for anything else.
  package static func seconds(_ text: some StringProtocol) -> Int? {
    let words = String(text).split(whereSeparator: { " ,-".contains($0) }).map { String($0) }
    // Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994
    guard words.count >= 5 else { return nil }
    if let day = Int(words[1]), let month = month(words[2]), var year = Int(words[3]) {
      // A two-digit year more than fifty years ahead belongs to the past century; nothing that
      // downloads files will meet a date from before 1970.
      if year < 100, words[3].utf8.count == 2 { year += year < 70 ? 2000 : 1900 }
      return seconds(year: year, month: month, day: day, time: words[4])
    }
    if let month = month(words[1]), let day = Int(words[2]), let year = Int(words[4]) {
      return seconds(year: year, month: month, day: day, time: words[3])
    }
    return nil
  }

  private static func month(_ name: String) -> Int? {
    let names = [
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    return names.firstIndex(of: name.lowercased()).map { $0 + 1 }
  }

  private static func seconds(year: Int, month: Int, day: Int, time: String) -> Int? {
    let parts = time.split(separator: ":").map { Int($0) }
    guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2],
      (1970...9999).contains(year), (1...31).contains(day), (0...23).contains(hour),
      (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar, with years that begin in March.
    let shifted = month > 2 ? year : year - 1
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return days * 86_400 + hour * 3600 + minute * 60 + second
  }
}
