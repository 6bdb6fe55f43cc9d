import DaybookModel
import DaybookSchema

/// `OwnerSnapshot`.
extension OwnedWindows: PagedState {
  static var blank: OwnedWindows { OwnedWindows() }

  static func fingerprint(of key: WindowOwner) -> UInt64 { key.user?.fingerprint ?? 0 }

  static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> WindowOwner {
    let user = try UserField.first(of: bytes)
    return WindowOwner(user: user.text.isEmpty ? nil : user)
  }

  func encode(_ key: WindowOwner, into writer: inout SnapshotWriter) {
    writer.string(1, key.user?.text ?? "")
    for kept in windows { kept.encode(2, into: &writer) }
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (WindowOwner, OwnedWindows)? {
    var owned = OwnedWindows()
    var isWhole = true
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      guard tag == Tag.delimited(2) else { return false }
      if let kept = try Kept(try reader.delimited()) {
        owned.windows.append(kept)
      } else {
        isWhole = false
      }
      return true
    }
    guard isWhole, !owned.windows.isEmpty, owned.windows.areDistinct(by: \.key) else {
      return nil
    }
    return (try key(bytes), owned)
  }
}

/// `OriginSnapshot`.
extension OwnedWindows.Kept {
  fileprivate func encode(_ field: Int, into writer: inout SnapshotWriter) {
    let entries = window.current
    writer.message(field) { writer in
      origin.withBytes { writer.delimited(1, $0) }
      writer.packed(2, varints: entries.lazy.map(\.number))
      writer.packed(3, fixed32: entries.lazy.map(\.digest))
      writer.packed(4, varints: entries.lazy.map { $0.changed ? 1 : 0 })
      writer.packed(5, fixed64: entries.lazy.map(\.messageID.rawValue))
      writer.packed(6, varints: entries.lazy.map(\.seq.rawValue))
      writer.packed(7, varints: entries.lazy.map(\.recordedAt.milliseconds))
      writer.packed(9, varints: entries.lazy.map { $0.pending ? 1 : 0 })
      writer.uint(10, window.knownFrom)
      writer.flag(11, !window.isLoaded)
      writer.string(12, gaplessStream?.text ?? "")
      if entries.contains(where: { $0.refusal != 0 }) {
        writer.packed(13, varints: entries.lazy.map { UInt64($0.refusal) })
      }
    }
  }

  fileprivate struct Key: Hashable {
    let origin: Origin
    let gaplessStream: StreamKey?
  }

  fileprivate var key: Key { Key(origin: origin, gaplessStream: gaplessStream) }

  private struct Columns {
    var number: [UInt64] = []
    var digest: [UInt32] = []
    var changed: [UInt64] = []
    var messageID: [UInt64] = []
    var seq: [UInt64] = []
    var recordedAt: [UInt64] = []
    var pending: [UInt64] = []
    var refusal: [UInt64] = []

    /// Nil for columns of which one is longer than another.
    var entries: [OriginWindow.Entry]? {
      let count = number.count
      guard digest.count == count, changed.count == count, messageID.count == count,
        seq.count == count, recordedAt.count == count, pending.count == count,
        refusal.isEmpty || refusal.count == count
      else { return nil }
      return (0..<count).map { at in
        OriginWindow.Entry(
          number: number[at], digest: digest[at], changed: changed[at] != 0,
          refusal: refusal.isEmpty ? 0 : UInt16(clamping: refusal[at]),
          messageID: MessageID(messageID[at]), seq: Seq(seq[at]),
          recordedAt: Timestamp(milliseconds: recordedAt[at]), pending: pending[at] != 0)
      }
    }
  }

  fileprivate init?(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    var origin: Origin?
    var stream = ""
    var columns = Columns()
    var (knownFrom, isPartial) = (UInt64(0), false)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): origin = Origin(try reader.delimited())
      case Tag.varint(2), Tag.delimited(2): try reader.varints(tag, into: &columns.number)
      case Tag.fixed32(3), Tag.delimited(3): try reader.fixed32s(tag, into: &columns.digest)
      case Tag.varint(4), Tag.delimited(4): try reader.varints(tag, into: &columns.changed)
      case Tag.fixed64(5), Tag.delimited(5): try reader.fixed64s(tag, into: &columns.messageID)
      case Tag.varint(6), Tag.delimited(6): try reader.varints(tag, into: &columns.seq)
      case Tag.varint(7), Tag.delimited(7): try reader.varints(tag, into: &columns.recordedAt)
      case Tag.varint(9), Tag.delimited(9): try reader.varints(tag, into: &columns.pending)
      case Tag.varint(10): knownFrom = try reader.varint()
      case Tag.varint(11): isPartial = try reader.flag()
      case Tag.delimited(12): stream = try reader.string()
      case Tag.varint(13), Tag.delimited(13): try reader.varints(tag, into: &columns.refusal)
      default: return false
      }
      return true
    }
    guard let origin, let entries = columns.entries else { return nil }
    let gaplessStream = stream.isEmpty ? nil : StreamKey(checked: stream)
    guard stream.isEmpty == (gaplessStream == nil) else { return nil }
    var window = OriginWindow(knownFrom: knownFrom, isLoaded: !isPartial)
    for entry in entries { window.insert(entry) }
    self.init(
      origin: origin, gaplessStream: gaplessStream, window: window, lastUsed: 0, step: 0)
  }
}
