import DaybookModel
import DaybookSchema

/// `RevocationSnapshot`.
extension Revocation {
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    writer.message(field) {
      $0.string(1, device?.text ?? "")
      $0.string(2, tokenID)
      $0.uint(3, issuedUntil.milliseconds)
      $0.flag(4, isOfService)
    }
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init()
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): device = DeviceID(checked: try reader.string())
      case Tag.delimited(2): tokenID = try reader.string()
      case Tag.varint(3): issuedUntil = Timestamp(milliseconds: try reader.varint())
      case Tag.varint(4): isOfService = try reader.flag()
      default: return false
      }
      return true
    }
  }
}
