package import DaybookModel
import DaybookSchema

/// What a record's headers say of an event, found in the event's bytes without decoding the rest.
package struct EventHead {
  /// In the event's own bytes.
  package private(set) var stream = UnsafeRawBufferPointer(start: nil, count: 0)
  package private(set) var seq = Seq.none
  package private(set) var recordedAt = Timestamp.none
  /// Nil for one that this version doesn't know.
  package private(set) var kind: EventKind?

  /// Throws `log_corrupt`.
  package init(_ event: UnsafeRawBufferPointer) throws(DaybookError) {
    do throws(DaybookError) {
      try read(event)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  private mutating func read(_ event: UnsafeRawBufferPointer) throws(DaybookError) {
    var reader = ProtobufReader(event)
    var hasBody = false
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2: stream = try reader.delimited()
      case 2 << 3: seq = Seq(try reader.varint())
      case 4 << 3 | 1: recordedAt = Timestamp(milliseconds: try reader.fixed64())
      default:
        try reader.skip(tag)
        if tag & 7 == 2, tag >> 3 >= EventKind.firstField {
          hasBody = true
          // Beside a body that is known, what isn't is a field of a later version.
          if let known = EventKind(rawValue: UInt8(clamping: tag >> 3)) { kind = known }
        }
      }
    }
    guard hasBody, !stream.isEmpty else {
      throw DaybookError(.logCorrupt, "it has no body, or no stream")
    }
  }
}
