import DaybookModel
import DaybookSchema

/// An event without what somebody has written: the same fields, but for the content of messages and
/// edits. Everything else keeps its bytes.
enum ContentRedaction {
  /// The number of the field that holds a `Content`, in the body of this kind; nil where none does.
  static func contentField(of kind: EventKind) -> Int? {
    switch kind {
    case .messageSent, .messageCopied, .messageWithheld: 1
    case .messageEdited, .amendmentWithheld: 3
    default: nil
    }
  }

  /// Throws `malformed_frame` for what is no protobuf message.
  static func append(
    _ event: UnsafeRawBufferPointer, to bytes: inout [UInt8]
  ) throws(DaybookError) {
    var reader = ProtobufReader(event)
    while !reader.isAtEnd {
      let start = reader.position
      let tag = try reader.tag()
      guard tag & 7 == 2, let kind = EventKind(rawValue: UInt8(clamping: tag >> 3)),
        let field = contentField(of: kind)
      else {
        try reader.skip(tag)
        bytes.append(contentsOf: event[start..<reader.position])
        continue
      }
      let kept = try fields(of: try reader.delimited(), without: field)
      appendVarint(UInt64(tag), to: &bytes)
      appendVarint(UInt64(kept.reduce(0) { $0 + $1.count }), to: &bytes)
      for part in kept { bytes.append(contentsOf: part) }
    }
  }

  /// What lies around the fields of this number.
  private static func fields(
    of body: UnsafeRawBufferPointer, without number: Int
  ) throws(DaybookError) -> [UnsafeRawBufferPointer] {
    var reader = ProtobufReader(body)
    var kept: [UnsafeRawBufferPointer] = []
    var keptFrom = 0
    while !reader.isAtEnd {
      let start = reader.position
      let tag = try reader.tag()
      try reader.skip(tag)
      guard tag >> 3 == number else { continue }
      kept.append(UnsafeRawBufferPointer(rebasing: body[keptFrom..<start]))
      keptFrom = reader.position
    }
    kept.append(UnsafeRawBufferPointer(rebasing: body[keptFrom...]))
    return kept
  }

  private static func appendVarint(_ value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
