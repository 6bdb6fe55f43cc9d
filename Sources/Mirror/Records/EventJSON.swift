import DaybookModel
import DaybookSchema
import SwiftProtobuf

/// An event as JSON. A field that this version doesn't know is not in it.
enum EventJSON {
  /// Throws `log_corrupt`.
  static func append(_ event: [UInt8], to bytes: inout [UInt8]) throws(DaybookError) {
    do {
      let event = try Daybook_V1_Event(serializedBytes: event)
      let json: [UInt8] = try event.jsonUTF8Bytes(options: JSONForm.writing)
      bytes.append(contentsOf: json)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }
}
