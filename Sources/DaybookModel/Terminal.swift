/// Text that a terminal is to show.
package enum Terminal {
  /// Control characters are shown, not obeyed: what people wrote to each other must not move the
  /// cursor of who reads it.
  package static func safe(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    if isPlain { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      // The pictures of control characters lie in their order from U+2400 on.
      case 0..<0x20: shown.append(Unicode.Scalar(0x2400 + scalar.value)!)
      case 0x7f: shown.append("\u{2421}")
      case 0x80..<0xa0, 0x202a...0x202e, 0x2066...0x2069: shown.append("\u{fffd}")
      default: shown.append(scalar)
      }
    }
    return String(shown)
  }

  package enum Alignment { case left, right }

  /// `width` is in columns of the terminal.
  package static func padded(
    _ text: String, to width: Int, _ alignment: Alignment = .left
  ) -> String {
    let room = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
    return alignment == .left ? text + room : room + text
  }
}
