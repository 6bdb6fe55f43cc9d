package import DaybookModel

/// What says which event this is, without its body: for who picks some of many.
package struct EventEnvelope {
  /// UTF-8, as long as the event's bytes are there.
  package private(set) var stream = UnsafeRawBufferPointer(start: nil, count: 0)
  package private(set) var recordedAt = Timestamp.none
  /// Nil for a kind that this program doesn't know.
  package private(set) var kind: EventKind?

  /// Throws `log_corrupt`.
  package init(of bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    do throws(DaybookError) {
      var reader = ProtobufReader(bytes)
      while !reader.isAtEnd {
        let tag = try reader.tag()
        switch tag {
        case 1 << 3 | 2: stream = try reader.delimited()
        case 4 << 3 | 1: recordedAt = Timestamp(milliseconds: try reader.fixed64())
        default:
          if tag & 7 == 2, tag >> 3 >= EventKind.firstField,
            let known = EventKind(rawValue: UInt8(clamping: tag >> 3))
          {
            kind = known
          }
          try reader.skip(tag)
        }
      }
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }
}
