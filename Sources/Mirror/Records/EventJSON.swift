import DaybookModel
import DaybookSchema
import SwiftProtobuf

/// An event as JSON: protobuf's own mapping, which every protobuf library reads back, with the names of
/// `event.proto`. Numbers of 64 bits are strings there, and bytes base64. A field that this version
/// doesn't know is not in it.
enum EventJSON {
  private static let options = {
    var options = JSONEncodingOptions()
    options.preserveProtoFieldNames = true
    return options
  }()

  /// Throws `log_corrupt`.
  static func append(_ event: [UInt8], to bytes: inout [UInt8]) throws(DaybookError) {
    do {
      let event = try Daybook_V1_Event(serializedBytes: event)
      let json: [UInt8] = try event.jsonUTF8Bytes(options: options)
      bytes.append(contentsOf: json)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }
}
