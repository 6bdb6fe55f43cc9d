import ArgumentParser

/// A span of time as people write one: `90d`, `1h30m`, `1w2d`; digits alone are seconds.
struct TimeSpan: Equatable, CustomStringConvertible {
  let seconds: Int64

  init(seconds: Int64) { self.seconds = seconds }

  private static let units: [(letter: Character, seconds: Int64)] = [
    ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
  ]

  /// For options that take one. Units come from the largest on, each once.
  static func parse(_ text: String) throws -> TimeSpan {
    guard let span = TimeSpan(text) else {
      throw ValidationError(
        "a span of time is written as 90d, 12h, 1h30m or 1w2d (w, d, h, m, s), or as seconds")
    }
    return span
  }

  init?(_ text: String) {
    if let seconds = Int64(text), seconds >= 0, text.first != "+" {
      self.seconds = seconds
      return
    }
    var (total, rest, units) = (Int64(0), text[...], TimeSpan.units[...])
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      rest = rest[digits.endIndex...]
      guard let count = Int64(digits), let letter = rest.popFirst(),
        let at = units.firstIndex(where: { $0.letter == letter })
      else { return nil }
      let (part, isTooLong) = count.multipliedReportingOverflow(by: units[at].seconds)
      let (sum, overflows) = total.addingReportingOverflow(part)
      guard !isTooLong, !overflows else { return nil }
      (total, units) = (sum, units[(at + 1)...])
    }
    seconds = total
  }

  /// As `parse` takes it, in the largest units.
  var description: String {
    var (rest, text) = (seconds, "")
    for unit in TimeSpan.units where rest >= unit.seconds && unit.letter != "w" {
      text += "\(rest / unit.seconds)\(unit.letter)"
      rest %= unit.seconds
    }
    return text.isEmpty ? "0s" : text
  }
}
