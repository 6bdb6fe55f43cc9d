/// Lines out of what comes by a pipe or file, in any pieces.
struct InputLines {
  enum Line: Equatable {
    case line(String)
    /// Longer than `bytesMax`: it is left out.
    case tooLong
  }

  static let bytesMax = 1 << 20

  private var bytes: [UInt8] = []
  private var isTooLong = false

  mutating func take(_ piece: some Sequence<UInt8>) -> [Line] {
    var lines: [Line] = []
    for byte in piece {
      if byte == UInt8(ascii: "\n") {
        lines.append(line())
      } else if bytes.count < InputLines.bytesMax {
        bytes.append(byte)
      } else {
        isTooLong = true
      }
    }
    return lines
  }

  /// What stands behind the last line end.
  mutating func end() -> [Line] { bytes.isEmpty ? [] : [line()] }

  private mutating func line() -> Line {
    defer {
      bytes.removeAll(keepingCapacity: true)
      isTooLong = false
    }
    if isTooLong { return .tooLong }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return .line(String(decoding: bytes, as: UTF8.self))
  }
}
