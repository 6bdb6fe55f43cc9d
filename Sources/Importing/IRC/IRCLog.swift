import Crypto
package import DaybookModel
import Foundation

/// A file of an import: its name for people, its commands, and the origin that they are issued under.
package struct IRCLog: Sendable {
  package let name: String
  let origin: Origin
  package let plan: IRCPlan

  package static let defaultGroup = "ubuntu"

  /// Throws `invalid_input` for a file that can't be read, or whose name has no date.
  package init(path: String, group: GroupID) throws(DaybookError) {
    let content: Data
    do {
      content = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let reason =
        (error as? CocoaError)?.code == .fileReadNoSuchFile ? "there is none" : "\(error)"
      throw DaybookError(.invalidInput, "can't read \(path): \(reason)")
    }
    name = URL(fileURLWithPath: path).lastPathComponent
    origin = IRCLog.origin(of: content, group: group)
    plan = try IRCPlan(fileName: name, content: content)
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
