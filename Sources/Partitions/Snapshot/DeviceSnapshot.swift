import DaybookModel
import DaybookSchema

/// `DeviceSnapshot`.
extension DeviceCursor {
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    writer.message(field) {
      $0.string(1, device.text)
      $0.uint(2, cursor.rawValue)
      $0.uint(3, registration.rawValue)
      $0.uint(4, opened.rawValue)
      groups.encode(5, into: &$0)
      $0.uint(6, active)
    }
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(device: DeviceID(checked: ""), cursor: .none)
    var positions: [GroupPosition] = []
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): device = DeviceID(checked: try reader.string())
      case Tag.varint(2): cursor = try reader.seq()
      case Tag.varint(3): registration = try reader.seq()
      case Tag.varint(4): opened = try reader.seq()
      case Tag.delimited(5): positions.append(try GroupPosition(try reader.delimited()))
      case Tag.varint(6): active = try reader.varint()
      default: return false
      }
      return true
    }
    guard let groups = GroupPositions(positions) else {
      throw DaybookError(.logCorrupt, "positions in groups are out of order")
    }
    self.groups = groups
  }
}

/// `GroupPositionSnapshot`.
extension GroupPositions {
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    for position in entries {
      writer.message(field) {
        $0.string(1, position.group.text)
        $0.uint(2, position.upTo.rawValue)
      }
    }
  }
}

extension GroupPosition {
  init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(GroupID(checked: ""), upTo: .none)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): group = GroupID(checked: try reader.string())
      case Tag.varint(2): upTo = try reader.seq()
      default: return false
      }
      return true
    }
  }
}
