import DaybookModel
import DaybookSchema

/// `DeviceSnapshot`.
extension DeviceCursor {
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    writer.message(field) {
      $0.string(1, device.text)
      $0.uint(2, cursor.rawValue)
      $0.uint(3, registration.rawValue)
    }
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(device: DeviceID(checked: ""), cursor: .none)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): device = DeviceID(checked: try reader.string())
      case Tag.varint(2): cursor = try reader.seq()
      case Tag.varint(3): registration = try reader.seq()
      default: return false
      }
      return true
    }
  }
}
