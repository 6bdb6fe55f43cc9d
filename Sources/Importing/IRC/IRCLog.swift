import Crypto
package import DaybookModel
import Foundation

/// A file of an import: its name for people, its commands, and the origin that they are issued under.
package struct IRCLog: Sendable {
  package let name: String
  let origin: Origin
  package let plan: IRCPlan

  package static let defaultGroup = "ubuntu"

  /// Throws `invalid_input` for what can't be read, or says nothing that is understood, and
  /// `invalid_argument` for a file without a date.
  package init(
    path: String, group: GroupID, _ reading: IRCPlan.Reading = IRCPlan.Reading()
  ) throws(DaybookError) {
    switch try PathKind(at: path) {
    case .file: break
    case .folder:
      throw DaybookError(
        .invalidInput, "\(path) is a folder: name the log files in it, as \(path)/*")
    case .zip:
      throw DaybookError(.invalidInput, "\(path) is a zip: unpack it, and name the log files")
    case .gzip: throw DaybookError(.invalidInput, "\(path) is a gzip file: unpack it first")
    }
    let content = Data(try FileSource(path: path).rest())
    name = URL(fileURLWithPath: path).lastPathComponent
    origin = IRCLog.origin(of: content, group: group)
    plan = try IRCPlan(fileName: name, content: content, reading)
  }

  /// The file's SHA-256. A partition recognises numbers by their origin, whatever the group, and
  /// groups share partitions; so for any but the default group it is the SHA-256 of the file's
  /// SHA-256 and the group's id.
  static func origin(of content: Data, group: GroupID) -> Origin {
    let file = Origin.sha256(content)
    if group.text == defaultGroup { return file }
    return Origin.sha256(file.bytes + Array(group.text.utf8))
  }
}

extension Origin {
  static func sha256(_ bytes: some DataProtocol) -> Origin {
    guard let origin = Origin(SHA256.hash(data: bytes)) else {
      preconditionFailure("a SHA-256 has 32 bytes, which an origin may have")
    }
    return origin
  }
}
