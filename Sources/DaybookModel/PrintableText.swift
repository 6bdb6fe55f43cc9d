/// Text that a stranger gave, or that is about it, as it may stand in a line that others read on a
/// screen or in a file.
package enum PrintableText {
  /// As much of a stranger's text as an error repeats.
  package static let quotedBytesMax = 80

  /// In quotation marks, for an error that is about it.
  package static func quoted(_ text: String) -> String {
    "'\(line(text, bytesMax: quotedBytesMax))'"
  }

  /// Of at most `bytesMax` bytes, and then `…` where something is left out. What moves a cursor,
  /// ends a line or turns the direction of writing is written out, as `\u{1b}`. Doing so twice
  /// changes nothing more.
  package static func line(_ text: String, bytesMax: Int) -> String {
    let isPlain = text.utf8.count <= bytesMax && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    if isPlain { return text }
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
      let piece = isSafe(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
      count += piece.utf8.count
      guard count <= bytesMax else { return shown + "…" }
      shown += piece
    }
    return shown
  }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: false
    default: !scalar.properties.isBidiControl
    }
  }
}
