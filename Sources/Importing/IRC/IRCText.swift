import DaybookModel

/// A log's lines as text.
struct IRCText {
  /// Nil for a line that is not in the log's encoding.
  private(set) var lines: [String?] = []
  /// Lines that were read in another encoding than the others.
  private(set) var recoded = 0

  /// Throws `invalid_input` for UTF-16.
  init(
    _ content: some BidirectionalCollection<UInt8>, fileName: String, _ encoding: IRCEncoding
  ) throws(DaybookError) {
    let start = Array(content.prefix(3))
    if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff]) {
      throw DaybookError(.invalidInput, "\(fileName) is UTF-16: save it as UTF-8 first")
    }
    let hasMark = start == [0xef, 0xbb, 0xbf]
    var split = content.dropFirst(hasMark ? 3 : 0)
      .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What follows the last newline is a line only if there is something.
    if split.last?.isEmpty == true { split.removeLast() }
    for bytes in split {
      let ends = bytes.last == UInt8(ascii: "\r") ? 1 : 0
      let line = bytes.dropLast(ends)
      var text = encoding.text(line)
      if text == nil, let fallback = encoding.fallback {
        text = fallback.text(line)
        recoded += 1
      }
      lines.append(text)
    }
  }
}

extension IRCStampedLine? {
  /// A clock of twelve hours never shows one in the afternoon.
  var isPastNoon: Bool {
    if case .clock(let second)? = self?.time { second >= 13 * 3600 } else { false }
  }
}
