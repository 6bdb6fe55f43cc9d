package import SwiftProtobuf

/// How messages stand in JSON, wherever they do: protobuf's own mapping, which every protobuf library reads, with the
/// names of the `.proto` files. Numbers of 64 bits are strings there, bytes base64, and what is at its default is
/// left out.
package enum JSONForm {
  package static let writing = {
    var options = JSONEncodingOptions()
    options.preserveProtoFieldNames = true
    return options
  }()

  /// Fields that this version doesn't know are passed over, as they are in bytes.
  package static let reading = {
    var options = JSONDecodingOptions()
    options.ignoreUnknownFields = true
    return options
  }()
}
